#include "dojo/model/networks.h"

#include <fmt/format.h>

#include "dojo/base/error.h"
#include "dojo/model/ego.h"
#include "dojo/model/mae.h"
#include "dojo/model/predict.h"
#include "dojo/model/r2plus1d.h"
#include "dojo/model/resnet.h"
#include "dojo/model/vit.h"

namespace dojo {
namespace {

NamedNetwork predict(const NetworkSize& size) {
  PredictOptions o;
  if (size.small) o = {.batch = 1, .height = 32, .width = 48, .channels = 8};
  if (size.batch > 0) o.batch = size.batch;
  return {[o](Builder& b) { return predict_training(b, o); }, {}};
}

NamedNetwork ego(const NetworkSize& size) {
  EgoOptions o;
  if (size.small) o = {.batch = 1, .frames = 3, .height = 32, .width = 48, .channels = 8};
  if (size.batch > 0) o.batch = size.batch;
  return {[o](Builder& b) { return ego_training(b, o, {}); }, {}};
}

NamedNetwork ego_vit(const NetworkSize& size) {
  EgoOptions o = ego_options(EgoNetwork::kVit);
  o.batch = 2;  // as vit-s
  if (size.small)
    o = {.network = EgoNetwork::kVit,
         .batch = 1,
         .height = 16,
         .width = 24,
         .channels = 48,
         .patch = 4,
         .layers = 2,
         .heads = 3};
  if (size.batch > 0) o.batch = size.batch;
  return {[o](Builder& b) { return ego_training(b, o, {}); }, {}};
}

NamedNetwork resnet18_clip(const NetworkSize& size) {
  ResnetOptions o;
  if (size.small) o = {.images = 4, .height = 64, .width = 64, .first_channels = 8};
  if (size.batch > 0) o.images = size.batch;
  return {[o](Builder& b) { return resnet18_clip_training(b, o); }, {}};
}

VitOptions vit_options(const NetworkSize& size) {
  VitOptions o;
  if (size.small)
    o = {.frames = 4,
         .height = 16,
         .width = 24,
         .patch = 4,
         .channels = 48,
         .layers = 2,
         .heads = 3};
  if (size.batch > 0) o.clips = size.batch;
  return o;
}

NamedNetwork vit_s(const NetworkSize& size) {
  const VitOptions o = vit_options(size);
  return {[o](Builder& b) { return vit_training(b, o); }, {}};
}

NamedNetwork mae(const NetworkSize& size) {
  MaeOptions o{.encoder = vit_options(size)};
  if (size.small)
    o.masked = 0.75, o.decoder_channels = 48, o.decoder_layers = 1, o.decoder_heads = 3;
  else if (size.batch == 0)
    o.encoder.clips = 8;  // a clip costs about a quarter of what all of its tokens would
  return {[o](Builder& b) { return mae_training(b, o); },
          [o](Executor& e) {
            Random random(1, stream_id("mask"));
            const TubeMask mask = tube_mask(o, random);
            e.write("visible", std::as_bytes(std::span(mask.visible)));
            e.write("masked", std::as_bytes(std::span(mask.masked)));
          }};
}

NamedNetwork r2plus1d(const NetworkSize& size) {
  R2plus1dOptions o;
  if (size.small) o = {.frames = 4, .height = 96, .width = 96, .first_channels = 4};
  if (size.batch > 0) o.clips = size.batch;
  return {[o](Builder& b) { return r2plus1d_training(b, o); }, {}};
}

struct Entry {
  std::string_view name;
  NamedNetwork (*make)(const NetworkSize&);
};
constexpr Entry kNetworks[] = {
    {"predict", predict}, {"ego", ego}, {"ego-vit", ego_vit},  {"resnet18-clip", resnet18_clip},
    {"vit-s", vit_s},     {"mae", mae}, {"r2plus1d", r2plus1d}};

}  // namespace

NamedNetwork named_network(std::string_view name, const NetworkSize& size) {
  for (const Entry& entry : kNetworks)
    if (entry.name == name) return entry.make(size);
  throw Error(Category::kConfig, fmt::format("unknown model \"{}\"", name), "--model",
              "use one of " + network_names());
}

std::string network_names() {
  std::string names;
  for (const Entry& entry : kNetworks)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", entry.name);
  return names;
}

}  // namespace dojo
