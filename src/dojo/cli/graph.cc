// dojo graph: shows, checks and runs the graph of a step, and lists the ops.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/random.h"
#include "dojo/base/text.h"
#include "dojo/cli/args.h"
#include "dojo/cli/called.h"
#include "dojo/cli/command.h"
#include "dojo/cli/common.h"
#include "dojo/graph/bytes.h"
#include "dojo/graph/cost.h"
#include "dojo/graph/format_policy.h"
#include "dojo/graph/interpreter.h"
#include "dojo/graph/op_table.h"
#include "dojo/graph/text.h"
#include "dojo/host/pass_text.h"
#include "dojo/host/passes.h"
#include "dojo/model/ego.h"
#include "dojo/model/networks.h"
#include "dojo/model/predict.h"
#include "dojo/train/step.h"

namespace dojo {
namespace {

using Json = nlohmann::ordered_json;

std::string read_text(const std::string& path) {
  constexpr int64_t kMostBytes = int64_t{1} << 30;
  if (path == "-") return read_standard_input(kMostBytes);
  check_exists(path);
  return read_file(path, kMostBytes);
}

Graph read_graph(const std::string& path) { return parse_graph(read_text(path), path); }

// The step of a network that the program knows, or without the backward pass and the update.
Graph model_graph(const std::string& model, int64_t batch, bool forward_only) {
  const NamedNetwork network = named_network(model, {.batch = batch});
  if (!forward_only) return build_training_step(model, network.training, {});
  if (model == "predict") {
    PredictOptions options;
    if (batch > 0) options.batch = batch;
    return predict_inference(options);
  }
  if (model == "ego") {
    EgoOptions options;
    if (batch > 0) options.batch = batch;
    return ego_inference(options, {});
  }
  Builder b(model);
  b.output("loss", network.training(b).loss, true);
  return std::move(b).finish();
}

std::string_view role_name(Role role) {
  return role == Role::kData ? "data" : role == Role::kParameter ? "parameter" : "state";
}

Json cost_json(const OpTotal& total) {
  return {{"op", total.op},
          {"nodes", total.nodes},
          {"flop", total.cost.flop},
          {"bytes_read", total.cost.bytes_read},
          {"bytes_written", total.cost.bytes_written}};
}

Json graph_json(const Graph& graph, bool with_cost) {
  Json json = {{"name", graph.name},
               {"inputs", Json::array()},
               {"nodes", Json::array()},
               {"outputs", Json::array()},
               {"updates", graph.updates.size()}};
  for (const Input& input : graph.inputs)
    json["inputs"].push_back({{"name", graph.value(input.value).name},
                              {"role", role_name(input.role)},
                              {"type", to_string(graph.type(input.value))}});
  for (const Node& node : graph.nodes) {
    Json results = Json::array(), operands = Json::array();
    for (ValueId v : node.outputs)
      results.push_back({{"name", graph.value(v).name}, {"type", to_string(graph.type(v))}});
    for (ValueId v : node.inputs)
      operands.push_back(v == kNoValue ? Json() : Json(graph.value(v).name));
    json["nodes"].push_back({{"op", node.op}, {"results", results}, {"operands", operands}});
    if (with_cost) json["nodes"].back()["flop"] = op_cost(graph, node).flop;
  }
  for (const Output& output : graph.outputs)
    json["outputs"].push_back({{"name", output.name},
                               {"value", graph.value(output.value).name},
                               {"guard", output.guard}});
  if (with_cost) {
    const GraphCost cost = graph_cost(graph);
    json["cost"] = cost_json(cost.total);
    json["cost"].erase("op");
    json["cost"]["parameters"] = cost.parameters;
    json["cost"]["parameter_bytes"] = cost.parameter_bytes;
    json["cost"]["state_bytes"] = cost.state_bytes;
    json["cost"]["by_op"] = Json::array();
    for (const OpTotal& total : cost.by_op) json["cost"]["by_op"].push_back(cost_json(total));
  }
  return json;
}

void print_cost(const Graph& graph) {
  const GraphCost cost = graph_cost(graph);
  fmt::print("{:<28} {:>7} {:>12} {:>12} {:>12}\n", "op", "nodes", "GFLOP", "MB read",
             "MB written");
  auto line = [](const OpTotal& t) {
    fmt::print("{:<28} {:>7} {:>12.4f} {:>12.3f} {:>12.3f}\n", t.op, t.nodes, t.cost.flop / 1e9,
               t.cost.bytes_read / 1e6, t.cost.bytes_written / 1e6);
  };
  for (const OpTotal& total : cost.by_op) line(total);
  line(cost.total);
  fmt::print("parameters {} ({:.3f} MB), states {:.3f} MB, data {:.3f} MB a step\n",
             cost.parameters, static_cast<double>(cost.parameter_bytes) / 1e6,
             static_cast<double>(cost.state_bytes) / 1e6,
             static_cast<double>(cost.data_bytes) / 1e6);
}

int show(std::span<const std::string> argv) {
  std::string file, model = "predict", format = "f32", after;
  std::vector<std::string> without;
  bool forward_only = false, cost = false, json = false;
  int64_t batch = 0;
  Args args("dojo graph show [FILE]",
            "Prints the whole graph of a training step: forward, backward, update and metrics.",
            "  dojo graph show --model predict\n"
            "  dojo graph show --model resnet18-clip --cost\n"
            "  dojo graph show --model ego --format bf16\n"
            "  dojo graph show --after fuse\n"
            "  dojo graph show step.graph --json\n");
  args.positional("[FILE]", "a graph in text form, - for standard input", &file);
  args.option("--model", "NAME", network_names() + ", or NAME.graph, a file", &model);
  args.option("--batch", "N", "clips or images a step; default: the model's own", &batch,
              {.min = 1});
  args.option("--forward-only", "", "without backward pass and update", &forward_only);
  args.option("--format", "NAME", "f32, or bf16: in mixed precision, docs/graph.md", &format);
  args.option("--cost", "", "the cost of each op instead of the nodes", &cost);
  args.option("--after", "PASS",
              "what the host executor has made of it after this pass: " + host_pass_names(true),
              &after);
  add_without(&args, &without);
  args.option("--json", "", "print one JSON object", &json);
  if (!args.parse(argv)) return 0;
  if (!after.empty()) host_pass(after, "--after");
  const HostOptions options = host_options(parse_without(without));
  if (after.empty() && !without.empty())
    throw Error(Category::kConfig, "the graph itself has gone through no pass", "--without",
                "give --after PASS too");
  if (!after.empty() && (cost || json))
    throw Error(Category::kConfig, "after a pass there is only the text", "--after",
                "leave --cost and --json out");
  if (!file.empty() && args.given("--model"))
    throw Error(Category::kConfig, "a file and a model", "--model", "give one of them");
  if (file.empty() && (model.ends_with(".graph") || model == "-")) file = model;
  if (!file.empty() && (forward_only || args.given("--batch") || args.given("--format")))
    throw Error(Category::kConfig, "a graph file is shown as it is", file,
                "--forward-only, --batch and --format go with --model");
  const Graph graph = file.empty()
                          ? in_format(model_graph(model, batch, forward_only), step_format(format))
                          : read_graph(file);
  if (!after.empty())
    fmt::print("{}", text_after(graph, after, options));
  else if (json)
    print_json(graph_json(graph, cost));
  else if (cost)
    print_cost(graph);
  else
    fmt::print("{}", print_graph(graph));
  return 0;
}

int check(std::span<const std::string> argv) {
  std::string file;
  Args args("dojo graph check FILE", "Parses and verifies a graph in text form.",
            "  dojo graph check step.graph\n  dojo graph show | dojo graph check -\n");
  args.positional("FILE", "a graph in text form, - for standard input", &file);
  if (!args.parse(argv)) return 0;
  const Graph graph = read_graph(file);
  fmt::print("ok: graph {}, {} inputs, {} nodes, {} outputs, {} updates\n", one_line(graph.name),
             graph.inputs.size(), graph.nodes.size(), graph.outputs.size(), graph.updates.size());
  return 0;
}

// f32 and bf16 in [0, 1), u8 in [0, 256), i32 0 or 1: valid for clips, rates and labels.
void write_random_data(Executor& executor, uint64_t seed) {
  for (const Input& input : executor.graph().inputs) {
    if (input.role != Role::kData) continue;
    const Value& value = executor.graph().value(input.value);
    Random random(seed, stream_id(value.name));
    std::vector<double> data(static_cast<size_t>(value.type.num_elements()));
    for (double& x : data) {
      x = random.uniform();
      if (!is_floating(value.type.format))
        x = std::floor(x * (value.type.format == Format::kU8 ? 256 : 2));
    }
    std::vector<std::byte> bytes(static_cast<size_t>(value.type.num_bytes()));
    to_bytes(value.type.format, data, bytes);
    executor.write(value.name, bytes);
  }
}

int run(std::span<const std::string> argv) {
  std::string file;
  uint64_t seed = 0;
  int64_t steps = 1;
  bool json = false;
  Args args("dojo graph run FILE",
            "Runs a graph with the interpreter on seeded random data and prints its outputs.",
            "  dojo graph run step.graph --seed 1 --steps 3\n");
  args.positional("FILE", "a graph in text form, - for standard input", &file);
  args.option("--seed", "N", "of parameters and data", &seed);
  args.option("--steps", "N", "how often, on the same data", &steps, {.min = 1});
  args.option("--json", "", "print one JSON object a step", &json);
  if (!args.parse(argv)) return 0;
  const Graph graph = read_graph(file);
  check_interpreted_size(graph, file, "smaller shapes");
  const auto executor = make_interpreter(graph);
  initialize(*executor, seed);
  write_random_data(*executor, seed);
  for (int64_t step = 1; step <= steps; ++step) {
    const bool finite = executor->run();
    Json outputs = Json::object();
    for (const Output& output : graph.outputs) {
      const Type& type = graph.type(output.value);
      std::vector<std::byte> bytes(static_cast<size_t>(type.num_bytes()));
      executor->read(output.name, bytes);
      std::vector<double> values(static_cast<size_t>(type.num_elements()));
      from_bytes(type.format, bytes, values);
      if (json) {
        outputs[output.name] = values;
        continue;
      }
      std::string shown;
      for (size_t i = 0; i < std::min<size_t>(values.size(), 8); ++i)
        shown += fmt::format(" {:.9g}", values[i]);
      fmt::print("step {} {}: {} ={}{}\n", step, output.name, to_string(type), shown,
                 values.size() > 8 ? " ..." : "");
    }
    if (json) print_json(Json{{"step", step}, {"outputs", outputs}});
    if (!finite)
      throw Error(Category::kInput,
                  fmt::format("a guard is not finite in step {}, so nothing was updated; the first "
                              "such value is {}",
                              step, executor->first_nonfinite()),
                  file);
  }
  return 0;
}

int ops(std::span<const std::string> argv) {
  bool markdown = false;
  Args args("dojo graph ops", "Lists the ops.", "  dojo graph ops --markdown\n");
  args.option("--markdown", "", "the table of docs/graph.md", &markdown);
  if (!args.parse(argv)) return 0;
  if (markdown) {
    fmt::print("{}", ops_markdown());
    return 0;
  }
  for (const OpDef* def : all_ops()) fmt::print("{:<28} {}\n", def->name, def->summary);
  return 0;
}

int passes(std::span<const std::string> argv) {
  bool markdown = false;
  Args args("dojo graph passes", "Lists the passes of the host executor.",
            "  dojo graph passes --markdown\n");
  args.option("--markdown", "", "the table of docs/architecture.md", &markdown);
  if (!args.parse(argv)) return 0;
  if (markdown) {
    fmt::print("{}", host_passes_markdown());
    return 0;
  }
  for (const HostPass& pass : host_passes())
    fmt::print("{:<16} {}{}\n", pass.name, pass.summary,
               pass.option ? "" : " (cannot be left out)");
  return 0;
}

}  // namespace

int run_graph(std::span<const std::string> args) {
  if (args.empty())
    throw Error(Category::kConfig, "dojo graph needs a verb of its own", "",
                "use show, check, run, ops or passes; see " + as_called({"graph", "--help"}));
  const std::string& verb = args[0];
  const auto rest = args.subspan(1);
  if (verb == "show") return show(rest);
  if (verb == "check") return check(rest);
  if (verb == "run") return run(rest);
  if (verb == "ops") return ops(rest);
  if (verb == "passes") return passes(rest);
  if (verb != "--help" && verb != "-h")
    throw Error(Category::kConfig, fmt::format("unknown: dojo graph {}", verb), "",
                "use show, check, run, ops or passes");
  fmt::print("{}",
             with_program_name(
                 "usage: dojo graph VERB [FILE] [--options]\n\n"
                 "Shows, checks and runs the graph of a training step.\n\nVerbs:\n"
                 "  show [FILE]   prints a whole training step, or its cost\n"
                 "  check FILE    parses and verifies a graph in text form\n"
                 "  run FILE      runs it with the interpreter on seeded random data\n"
                 "  ops           lists the ops\n"
                 "  passes        lists the passes of the host executor\n\n"
                 "Options:\n"
                 "  --help        this text; each verb has its own: `dojo graph show --help`\n\n"
                 "Examples:\n"
                 "  dojo graph show --model predict --cost\n"
                 "  dojo graph show > step.graph && dojo graph check step.graph\n\n"
                 "The text form: docs/graph.md\n"));
  return 0;
}

}  // namespace dojo
