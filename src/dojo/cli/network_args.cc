#include "dojo/cli/network_args.h"

#include <fmt/format.h>

#include <tuple>

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

void choose(const NetworkArgs& a, MaeOptions* network) {
  choose_clips(a, &network->encoder);
  if (a.channels > 0) set_width(network, a.channels);
  if (a.layers > 0) network->encoder.layers = a.layers;
  if (a.patch > 0) network->encoder.patch = a.patch;
  if (a.masked > 0) network->masked = a.masked;
  check(*network);
}

}  // namespace

void add_options(Args* args, NetworkArgs* chosen, const RunOptions& defaults) {
  const PredictOptions& p = defaults.model;
  const EgoOptions& e = defaults.ego;
  const MaeOptions& m = defaults.mae;
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
               with_defaults("width of the network; a multiple of 8, of mae one of 12", p.channels,
                             e.channels, m.encoder.channels),
               &chosen->channels, {.min = 8, .max = 4096});
  args->option("--layers", "N", fmt::format("mae: of the encoder; default: {}", m.encoder.layers),
               &chosen->layers, {.min = 1, .max = 256});
  args->option(
      "--patch", "N",
      fmt::format("mae: pixels of a side of the patches that are seen or hidden; default: {}",
                  m.encoder.patch),
      &chosen->patch, {.min = 2, .max = 1024});
  args->option("--masked", "SHARE",
               fmt::format("mae: of the patches, how much is hidden; default: {:g}", m.masked),
               &chosen->masked, {.min = 0.01, .max = 0.99});
}

void apply(const NetworkArgs& a, RunOptions* o) {
  const bool mae = o->task == "mae";
  for (const auto& [name, given] :
       {std::pair("--layers", a.layers > 0), {"--patch", a.patch > 0}, {"--masked", a.masked > 0}})
    if (given && !mae)
      throw Error(Category::kConfig, fmt::format("the task {} has none", o->task), name,
                  "leave it out, or give --task mae");
  if (a.batch > 0) set_batch(o, a.batch);
  try {
    if (mae)
      choose(a, &o->mae);
    else if (o->task == "ego")
      choose(a, &o->ego);
    else
      choose(a, &o->model);
  } catch (const Error& error) {
    const char* all = mae ? "--size, --frames, --batch, --channels, --layers, --patch, --masked"
                          : "--size, --frames, --batch, --channels";
    throw Error(Category::kConfig, error.message(), error.where() == "--size" ? "--size" : all,
                error.hint());
  }
}

}  // namespace dojo
