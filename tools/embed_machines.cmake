# Writes OUTPUT, a C++ file with the texts of FOLDER/*.json; the program reads machines from it:
#   cmake -DFOLDER=... -DOUTPUT=... -P embed_machines.cmake
file(GLOB files ${FOLDER}/*.json)
list(SORT files)
set(text "#include \"dojo/machine/built_in.h\"\n\nnamespace dojo::machine {\nnamespace {\nconstexpr BuiltIn kFiles[] = {\n")
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} content)
  string(APPEND text "{\"${name}\", R\"machine(${content})machine\"},\n")
endforeach()
string(APPEND text "};\n}  // namespace\nstd::span<const BuiltIn> built_in_files() { return kFiles; }\n}  // namespace dojo::machine\n")
file(WRITE ${OUTPUT} "${text}")
