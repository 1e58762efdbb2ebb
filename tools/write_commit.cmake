# Writes OUTPUT, a C++ file with the commit that SOURCE is checked out at, or "unknown" where it is no clone of its own. Runs at
# each build and touches the file only when the text changes:
#   cmake -DSOURCE=... -DOUTPUT=... -P write_commit.cmake
set(commit "")
find_program(GIT git)
if(GIT AND EXISTS ${SOURCE}/.git)
  set(ENV{GIT_OPTIONAL_LOCKS} 0)
  execute_process(COMMAND ${GIT} -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT commit MATCHES "^[0-9a-f]+(-dirty)?$")
  set(commit unknown)
endif()
set(text "#include \"dojo/cli/commit.h\"\n\nnamespace dojo {\nstd::string_view source_commit() { return \"${commit}\"; }\n}  // namespace dojo\n")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT text STREQUAL old)
  file(WRITE ${OUTPUT} "${text}")
endif()
