// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/crypto/signal/library_stores.h"

#include "harness/crypto/signal/records.h"

namespace parley::crypto::signal {
namespace {

// Below the library's own codes, so that a failing store is told apart from a refused message.
constexpr int kStoreFailed = SG_ERR_MINIMUM - 1;

const StoresView& view_of(void* user_data) { return *static_cast<const StoresView*>(user_data); }

Address address_of(const signal_protocol_address* address) {
  return {.name = std::string(address->name, address->name_len),
          .device = DeviceId(static_cast<std::uint32_t>(address->device_id))};
}

std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

signal_buffer* buffer_of(std::string_view octets) {
  return signal_buffer_create(unsigned_of(octets), octets.size());
}

int saved(const Result<void>& result) { return result ? SG_SUCCESS : kStoreFailed; }

// 1 when `name` was there and lies in `out`, 0 when not.
int load(const StoresView& view, const std::string& name, signal_buffer** out) {
  const auto record = view.store->load(name);
  if (!record) {
    return kStoreFailed;
  }
  if (!*record) {
    return 0;
  }
  *out = buffer_of((*record)->reveal());
  return *out == nullptr ? SG_ERR_NOMEM : 1;
}

int contains(const StoresView& view, const std::string& name) {
  const auto record = view.store->load(name);
  return record ? (record->has_value() ? 1 : 0) : kStoreFailed;
}

// A prekey is there or the message's id is wrong.
int load_key(const StoresView& view, const std::string& name, signal_buffer** out) {
  const int found = load(view, name, out);
  return found == 0 ? SG_ERR_INVALID_KEY_ID : found < 0 ? found : SG_SUCCESS;
}

// --- sessions ---

int load_session(signal_buffer** record, signal_buffer** /*user_record*/,
                 const signal_protocol_address* address, void* user_data) {
  return load(view_of(user_data), session_record_of(address_of(address)), record);
}

int store_session(const signal_protocol_address* address, std::uint8_t* record, std::size_t size,
                  std::uint8_t* /*user_record*/, std::size_t /*user_size*/, void* user_data) {
  return saved(view_of(user_data).store->save(session_record_of(address_of(address)),
                                              SecretBytes(text_of(record, size))));
}

int contains_session(const signal_protocol_address* address, void* user_data) {
  return contains(view_of(user_data), session_record_of(address_of(address)));
}

// The provider never asks for what follows; the library may not find it missing.
int no_sub_devices(signal_int_list** sessions, const char* /*name*/, std::size_t /*size*/,
                   void* /*user_data*/) {
  *sessions = signal_int_list_alloc();
  return *sessions == nullptr ? SG_ERR_NOMEM : 0;
}

int delete_session(const signal_protocol_address* address, void* user_data) {
  const auto name = session_record_of(address_of(address));
  const int there = contains(view_of(user_data), name);
  const int removed = saved(view_of(user_data).store->remove(name));
  return removed < 0 ? removed : there;
}

int delete_no_sessions(const char* /*name*/, std::size_t /*size*/, void* /*user_data*/) {
  return 0;
}

// --- prekeys ---

int load_pre_key(signal_buffer** record, std::uint32_t id, void* user_data) {
  return load_key(view_of(user_data), prekey_record(PrekeyId(id)), record);
}

int store_pre_key(std::uint32_t id, std::uint8_t* record, std::size_t size, void* user_data) {
  return saved(view_of(user_data).store->save(prekey_record(PrekeyId(id)),
                                              SecretBytes(text_of(record, size))));
}

int contains_pre_key(std::uint32_t id, void* user_data) {
  return contains(view_of(user_data), prekey_record(PrekeyId(id)));
}

int remove_pre_key(std::uint32_t id, void* user_data) {
  return saved(view_of(user_data).store->remove(prekey_record(PrekeyId(id))));
}

int load_signed_pre_key(signal_buffer** record, std::uint32_t id, void* user_data) {
  return load_key(view_of(user_data), signed_prekey_record(SignedPrekeyId(id)), record);
}

int store_signed_pre_key(std::uint32_t id, std::uint8_t* record, std::size_t size,
                         void* user_data) {
  return saved(view_of(user_data).store->save(signed_prekey_record(SignedPrekeyId(id)),
                                              SecretBytes(text_of(record, size))));
}

int contains_signed_pre_key(std::uint32_t id, void* user_data) {
  return contains(view_of(user_data), signed_prekey_record(SignedPrekeyId(id)));
}

int remove_signed_pre_key(std::uint32_t id, void* user_data) {
  return saved(view_of(user_data).store->remove(signed_prekey_record(SignedPrekeyId(id))));
}

// --- identities ---

int get_identity(signal_buffer** shown, signal_buffer** hidden, void* user_data) {
  const auto& keys = view_of(user_data).identity->keys;
  *shown = buffer_of(serialized_key(keys.public_key));
  *hidden = buffer_of(keys.private_key.reveal());
  return *shown != nullptr && *hidden != nullptr ? SG_SUCCESS : SG_ERR_NOMEM;
}

int get_registration(void* user_data, std::uint32_t* id) {
  *id = static_cast<std::uint32_t>(view_of(user_data).identity->registration);
  return SG_SUCCESS;
}

int save_peer(const signal_protocol_address* address, std::uint8_t* key, std::size_t size,
              void* user_data) {
  auto& store = *view_of(user_data).store;
  const auto name = peer_identity_record(address_of(address));
  return saved(key == nullptr ? store.remove(name)
                              : store.save(name, SecretBytes(text_of(key, size))));
}

// Trust on first use.
int is_trusted(const signal_protocol_address* address, std::uint8_t* key, std::size_t size,
               void* user_data) {
  const auto known = view_of(user_data).store->load(peer_identity_record(address_of(address)));
  if (!known) {
    return kStoreFailed;
  }
  return !*known || (*known)->reveal() == text_of(key, size) ? 1 : 0;
}

// --- sender keys: groups are no part of the interop, so there never is one ---

int store_no_sender_key(const signal_protocol_sender_key_name* /*name*/, std::uint8_t* /*record*/,
                        std::size_t /*size*/, std::uint8_t* /*user_record*/,
                        std::size_t /*user_size*/, void* /*user_data*/) {
  return SG_ERR_INVAL;
}

int load_no_sender_key(signal_buffer** /*record*/, signal_buffer** /*user_record*/,
                       const signal_protocol_sender_key_name* /*name*/, void* /*user_data*/) {
  return 0;
}

void destroy_nothing(void* /*user_data*/) {}

}  // namespace

StoresPtr stores_on(StoresView& view, signal_context* context) {
  signal_protocol_store_context* made = nullptr;
  if (signal_protocol_store_context_create(&made, context) < 0) {
    return nullptr;
  }
  StoresPtr out(made);
  const signal_protocol_session_store sessions{.load_session_func = load_session,
                                               .get_sub_device_sessions_func = no_sub_devices,
                                               .store_session_func = store_session,
                                               .contains_session_func = contains_session,
                                               .delete_session_func = delete_session,
                                               .delete_all_sessions_func = delete_no_sessions,
                                               .destroy_func = destroy_nothing,
                                               .user_data = &view};
  const signal_protocol_pre_key_store prekeys{.load_pre_key = load_pre_key,
                                              .store_pre_key = store_pre_key,
                                              .contains_pre_key = contains_pre_key,
                                              .remove_pre_key = remove_pre_key,
                                              .destroy_func = destroy_nothing,
                                              .user_data = &view};
  const signal_protocol_signed_pre_key_store signed_prekeys{
      .load_signed_pre_key = load_signed_pre_key,
      .store_signed_pre_key = store_signed_pre_key,
      .contains_signed_pre_key = contains_signed_pre_key,
      .remove_signed_pre_key = remove_signed_pre_key,
      .destroy_func = destroy_nothing,
      .user_data = &view};
  const signal_protocol_identity_key_store identities{.get_identity_key_pair = get_identity,
                                                      .get_local_registration_id = get_registration,
                                                      .save_identity = save_peer,
                                                      .is_trusted_identity = is_trusted,
                                                      .destroy_func = destroy_nothing,
                                                      .user_data = &view};
  const signal_protocol_sender_key_store groups{.store_sender_key = store_no_sender_key,
                                                .load_sender_key = load_no_sender_key,
                                                .destroy_func = destroy_nothing,
                                                .user_data = &view};
  signal_protocol_store_context_set_session_store(made, &sessions);
  signal_protocol_store_context_set_pre_key_store(made, &prekeys);
  signal_protocol_store_context_set_signed_pre_key_store(made, &signed_prekeys);
  signal_protocol_store_context_set_identity_key_store(made, &identities);
  signal_protocol_store_context_set_sender_key_store(made, &groups);
  return out;
}

}  // namespace parley::crypto::signal
