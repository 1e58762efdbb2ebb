#include "dojo/cli/network_args.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/cli/common.h"

namespace dojo {
namespace {

void choose_clips(const NetworkArgs& a, auto* network) {
  if (a.frames > 0) network->frames = a.frames;
  if (!a.size.empty()) std::tie(network->height, network->width) = parse_size(a.size, "--size");
}

void choose(const NetworkArgs& a, auto* network) {
  choose_clips(a, network);
  if (a.channels > 0) network->channels = a.channels;
  check(*network);
}

void choose(const NetworkArgs& a, EgoOptions* network) {
  choose_clips(a, network);
  if (a.channels > 0) set_width(network, a.channels);
  if (a.layers > 0) network->layers = a.layers;
  if (a.patch > 0) network->patch = a.patch;
  check(*network);
}

void choose(const NetworkArgs& a, MaeOptions* network) {
  choose_clips(a, &network->encoder);
  if (a.channels > 0) set_width(network, a.channels);
  if (a.layers > 0) network->encoder.layers = a.layers;
  if (a.patch > 0) network->encoder.patch = a.patch;
  if (a.masked > 0) network->masked = a.masked;
  check(*network);
}

// The network of the task ego, in its usual size.
void choose_ego(const std::string& model, RunOptions* o) {
  const std::optional<EgoNetwork> network = parse_ego_network(model);
  if (o->task != "ego")
    throw Error(Category::kConfig, fmt::format("the task {} has one network only", o->task),
                "--model", "leave it out, or give --task ego");
  if (!network)
    throw Error(Category::kConfig, fmt::format("there is no network \"{}\"", model), "--model",
                "write motion or vit");
  o->ego = ego_options(*network);
}

// Options that only transformers have, or only mae.
void check_given(const NetworkArgs& a, const RunOptions& o) {
  const bool mae = o.task == "mae";
  const bool transformer = mae || network_of(o) == "ego-vit";
  if (!transformer)
    for (const auto& [name, given] :
         {std::pair("--layers", a.layers > 0), {"--patch", a.patch > 0}})
      if (given)
        throw Error(Category::kConfig, fmt::format("the network of the task {} has none", o.task),
                    name, "leave it out, or give --task mae, or --task ego --model vit");
  if (a.masked > 0 && !mae)
    throw Error(Category::kConfig, fmt::format("the task {} has none", o.task), "--masked",
                "leave it out, or give --task mae");
}

}  // namespace

void add_options(Args* args, NetworkArgs* chosen, const RunOptions& defaults) {
  const PredictOptions& p = defaults.model;
  const EgoOptions& e = defaults.ego;
  const MaeOptions& m = defaults.mae;
  args->option("--model", "NAME",
               "ego: motion, which compares neighbouring frames, or vit, a vision transformer with "
               "the encoder of mae and its defaults below; default: motion",
               &chosen->model);
  const auto with_defaults = [](const char* help, auto predict, auto ego, auto mae) {
    return fmt::format("{}; default: {}, ego: {}, mae: {}", help, predict, ego, mae);
  };
  const auto size = [](const auto& o) { return fmt::format("{}x{}", o.height, o.width); };
  args->option("--batch", "N", with_defaults("clips in a step", p.batch, e.batch, m.encoder.clips),
               &chosen->batch, {.min = 1, .max = 4096});
  args->option("--size", "HxW",
               with_defaults("height and width that the frames are scaled to", size(p), size(e),
                             size(m.encoder)),
               &chosen->size);
  args->option("--frames", "N",
               with_defaults("frames that are given", p.frames, e.frames, m.encoder.frames),
               &chosen->frames, {.min = 2, .max = 16});
  args->option("--channels", "N",
               with_defaults("width of the network; a multiple of 8, of transformers one of 12",
                             p.channels, e.channels, m.encoder.channels),
               &chosen->channels, {.min = 8, .max = 4096});
  args->option("--layers", "N",
               fmt::format("mae, vit: of the encoder; default: {}", m.encoder.layers),
               &chosen->layers, {.min = 1, .max = 256});
  args->option(
      "--patch", "N",
      fmt::format("mae, vit: pixels of a side of the patches; default: {}", m.encoder.patch),
      &chosen->patch, {.min = 2, .max = 1024});
  args->option("--masked", "SHARE",
               fmt::format("mae: of the patches, how much is hidden; default: {:g}", m.masked),
               &chosen->masked, {.min = 0.01, .max = 0.99});
}

void apply(const NetworkArgs& a, RunOptions* o) {
  const bool mae = o->task == "mae";
  if (!a.model.empty()) choose_ego(a.model, o);
  check_given(a, *o);
  if (a.batch > 0) set_batch(o, a.batch);
  try {
    if (mae)
      choose(a, &o->mae);
    else if (o->task == "ego")
      choose(a, &o->ego);
    else
      choose(a, &o->model);
  } catch (const Error& error) {
    std::string all = "--size, --frames, --batch, --channels";
    if (mae || network_of(*o) == "ego-vit") all += ", --layers, --patch";
    if (mae) all += ", --masked";
    throw Error(Category::kConfig, error.message(), error.where() == "--size" ? error.where() : all,
                error.hint());
  }
}

}  // namespace dojo
