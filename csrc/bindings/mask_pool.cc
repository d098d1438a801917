// maskforge._core.MaskPool and PooledMask. Covered by tests/decoding/test_mask_ids.py.
#include "masks/mask_pool.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>

#include "base/errors.h"
#include "bindings/bindings.h"

namespace nb = nanobind;

namespace maskforge::bindings {

namespace {

using Handle = MaskPoolHandle;
using Release = nb::call_guard<nb::gil_scoped_release>;

// A mask as it was found; stays as it is when the pool evicts it.
struct MaskHandle {
  std::shared_ptr<const PooledMask> core;
  std::size_t words;
};

void create(Handle* self, std::size_t words, std::size_t masks, std::size_t bases) {
  auto core = std::make_shared<MaskPool>(words, MaskPool::Limits{masks, bases});
  new (self) Handle{std::move(core)};
}

MaskId add(const Handle& self, std::uintptr_t address, std::size_t words) {
  if (address == 0) throw MisuseError("the address of the mask is null");
  return self.core->add({reinterpret_cast<const std::uint32_t*>(address), words});
}

std::optional<MaskHandle> find(const Handle& self, MaskId id) {
  auto found = self.core->find(id);
  if (found == nullptr) return std::nullopt;
  return MaskHandle{std::move(found), self.core->words()};
}

nb::dict statistics(const Handle& self) {
  MaskPoolStatistics numbers;
  {
    nb::gil_scoped_release release;
    numbers = self.core->statistics();
  }
  nb::dict dict;
  dict["masks"] = numbers.masks;
  dict["bases"] = numbers.bases;
  dict["bytes"] = numbers.bytes;
  dict["evictions"] = numbers.evictions;
  return dict;
}

void write(const MaskHandle& self, std::uintptr_t address, std::size_t words) {
  if (address == 0) throw MisuseError("the address of the mask is null");
  if (words != self.words) {
    throw MisuseError("a row of " + std::to_string(words) + " words for a mask of " + std::to_string(self.words));
  }
  self.core->write({reinterpret_cast<std::uint32_t*>(address), words});
}

std::optional<std::pair<std::uint32_t, std::uint64_t>> base(const MaskHandle& self) {
  if (self.core->base == nullptr) return std::nullopt;
  return std::pair{self.core->base->slot, self.core->base->serial};
}

nb::bytes flips(const MaskHandle& self) {
  return nb::bytes(reinterpret_cast<const char*>(self.core->flips.data()), self.core->flips.size() * sizeof(TokenId));
}

nb::bytes base_bits(const MaskHandle& self) {
  if (self.core->base == nullptr) throw MisuseError("the mask has no base");
  const TokenBits& bits = self.core->base->bits;
  return nb::bytes(reinterpret_cast<const char*>(bits.data()), bits.size() * sizeof(bits[0]));
}

}  // namespace

void bind_mask_pool(nb::module_& module) {
  constexpr MaskPool::Limits kDefaults;
  nb::class_<MaskHandle>(module, "PooledMask", "One mask: the tokens of a base, or none, but for some.")
      .def_prop_ro("id", [](const MaskHandle& self) { return self.core->id; })
      .def_prop_ro("allowed", [](const MaskHandle& self) { return self.core->allowed; })
      .def_prop_ro("base", base, "(slot, serial number) of the base; None where no token is allowed but the flips.")
      .def("flips", flips, "The ids about which the base is wrong, ascending, as uint32.")
      .def("base_bits", base_bits, "The base as a bitmask row.")
      .def("write", write, nb::arg("address"), nb::arg("words"), Release(), "Writes the mask as a bitmask row.");
  nb::class_<Handle>(module, "MaskPool", "Ids for distinct masks. Thread safe.")
      .def("__init__", create, nb::arg("words"), nb::arg("masks") = kDefaults.masks, nb::arg("bases") = kDefaults.bases)
      .def("add", add, nb::arg("address"), nb::arg("words"), Release(), "The id of the mask at a raw address.")
      .def("find", find, nb::arg("id"), "The mask of an id; None when it was evicted or never was.")
      .def_prop_ro("words", [](const Handle& self) { return self.core->words(); })
      .def_prop_ro("most_masks", [](const Handle& self) { return self.core->limits().masks; })
      .def_prop_ro("most_bases", [](const Handle& self) { return self.core->limits().bases; })
      .def_prop_ro(
          "most_flips", [](const Handle& self) { return self.core->most_flips(); }, "How many flips a mask can have.")
      .def_prop_ro(
          "slot_bits", [](const Handle&) { return MaskPool::kSlotBits; }, "The lowest so many bits of an id: its slot.")
      .def_prop_ro(
          "identity", [](const Handle& self) { return reinterpret_cast<std::uintptr_t>(self.core.get()); },
          "Equal for two handles of one pool.")
      .def("statistics", statistics, "masks, bases, bytes and evictions.");
}

}  // namespace maskforge::bindings
