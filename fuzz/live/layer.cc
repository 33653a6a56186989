// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz/live/layer.h"

#include <string>
#include <utility>
#include <variant>

namespace parley::live {
namespace {

template <class Change>
auto& octets_in(Change& change) {
  if (auto* content = std::get_if<model::ContentEdit>(&change.edit)) {
    return content->octets;
  }
  if (auto* encryption = std::get_if<model::EncryptionEdit>(&change.edit)) {
    return encryption->octets;
  }
  return std::get<model::BytesEdit>(change.edit);
}

}  // namespace

std::string_view to_string(Layer layer) {
  switch (layer) {
    case Layer::bytes:
      return "bytes";
    case Layer::content:
      return "content";
    case Layer::encryption:
      return "encryption";
  }
  return "";
}

model::Change change_at(Layer layer, std::string step, model::BytesEdit octets) {
  model::Change out{.step = std::move(step), .edit = model::BytesEdit{}};
  if (layer == Layer::content) {
    out.edit = model::ContentEdit{};
  } else if (layer == Layer::encryption) {
    out.edit = model::EncryptionEdit{};
  }
  octets_of(out) = std::move(octets);
  return out;
}

Layer layer_of(const model::Change& change) {
  return std::holds_alternative<model::ContentEdit>(change.edit)      ? Layer::content
         : std::holds_alternative<model::EncryptionEdit>(change.edit) ? Layer::encryption
                                                                      : Layer::bytes;
}

const model::BytesEdit& octets_of(const model::Change& change) { return octets_in(change); }
model::BytesEdit& octets_of(model::Change& change) { return octets_in(change); }

}  // namespace parley::live
