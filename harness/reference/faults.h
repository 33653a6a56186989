// SPDX-License-Identifier: GPL-3.0-or-later
// The ways in which the reference parties can be made to misbehave. One row of the table in
// faults.cc an enumerator; adding a fault is a line in both and one `if` where it acts.
// Values and pure functions: safe from any thread.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace parley::reference {

// Same order as the tables, joined; the name of `gk_wrong_id` is "gk-wrong-id".
// clang-format off
enum class Fault {
  gk_header_without_id, gk_header_reuses_id, gk_header_without_from, gk_header_without_version,
  gk_header_without_lang, gk_accepts_any_host, gk_accepts_any_content_namespace,
  gk_accepts_any_stream_namespace, gk_accepts_old_version, gk_tls_1_0_accepted,
  gk_no_tls_required, gk_starttls_injection, gk_no_restart_after_tls, gk_no_restart_after_sasl,
  gk_honours_before_login, gk_bind_before_login, gk_stanza_before_bind, gk_greets_before_bind,
  gk_no_close_answer, gk_close_keeps_connection, gk_stream_error_keeps_open,
  gk_stream_error_without_close, gk_error_without_header, gk_accepts_comment, gk_accepts_pi,
  gk_accepts_doctype, gk_accepts_invalid_utf8, gk_accepts_duplicate_attribute,
  gk_accepts_unbound_prefix, gk_accepts_control_characters, gk_accepts_undefined_entity,
  gk_accepts_mismatched_tags, gk_accepts_text_between_stanzas, gk_wrong_condition,
  gk_size_unbounded, gk_depth_unbounded, gk_acts_on_partial, gk_segmentation,
  gk_whitespace_breaks, gk_accepts_wrong_password, gk_accepts_unknown_user, gk_accepts_bad_base64,
  gk_accepts_any_mechanism, gk_accepts_wrong_scram_proof, gk_scram_ignores_nonce,
  gk_scram_ignores_channel_binding, gk_wrong_scram_signature, gk_scram_nonce_not_extended,
  gk_scram_few_iterations, gk_accepts_foreign_authzid, gk_acts_for_any_account, gk_ignores_abort,
  gk_failure_without_condition, gk_reveals_unknown_user, gk_no_retry_limit,
  gk_second_sasl_accepted, gk_features_missing, gk_wrong_id, gk_answers_twice,
  gk_never_answers_iq, gk_answers_results, gk_accepts_empty_iq, gk_accepts_two_children,
  gk_iq_without_id_accepted, gk_unknown_namespace_result, gk_unknown_type_accepted,
  gk_forged_from_accepted, gk_forged_resource_accepted, gk_foreign_domain_from_accepted,
  gk_from_not_stamped, gk_from_bare, gk_drops_unknown_children, gk_reorders,
  gk_loses_every_hundredth, gk_duplicates_message, gk_copies_to_other_resources,
  gk_copies_to_strangers, gk_delivers_to_wrong_resource, gk_absent_resource_dropped,
  gk_iq_to_absent_resource_dropped, gk_no_error_for_absent_user, gk_error_for_error,
  gk_error_without_type, gk_error_from_wrong, gk_malformed_jid_accepted,
  gk_foreign_domain_dropped, gk_message_without_to_dropped, gk_unknown_stanza_ignored,
  gk_groupchat_delivered, gk_negative_priority_used, gk_roster_push_missing,
  gk_roster_push_to_everyone, gk_roster_push_uninterested, gk_roster_set_not_stored,
  gk_roster_remove_ignored, gk_roster_two_items_accepted, gk_roster_of_others,
  gk_roster_subscription_set, gk_subscription_leak, gk_presence_leaks_bare,
  gk_stores_what_it_refuses, gk_delivers_what_it_refuses, gk_subscribe_auto_approved,
  gk_subscribe_not_delivered, gk_subscribe_from_full, gk_no_presence_broadcast,
  gk_no_probe_answer, gk_no_unavailable, gk_directed_presence_lost, gk_directed_unavailable_lost,
  gk_sm_wrong_count, gk_sm_unanswered, gk_sm_before_bind, gk_sm_resumed_without_session,
  gk_ping_unsupported, gk_bind_result_bare, gk_bind_same_resource_for_all,
  gk_second_bind_accepted, gk_jid_case_sensitive, gk_strips_subject, gk_truncates_long_body,
  gk_escapes_wrongly, gk_cdata_dropped, gk_collapses_white_space, gk_lang_lost,
  gk_tls_1_2_refused, gk_minor_version_refused, gk_header_segmentation, gk_own_from_refused,
  gk_roster_bad_item_accepted, gk_roster_set_of_others, gk_prefix_unknown,
  gk_double_quotes_unread, tp_header_without_to, tp_header_without_version, tp_no_starttls,
  tp_password_in_clear, tp_no_restart_after_tls, tp_no_restart_after_sasl, tp_trusts_self_signed,
  tp_trusts_unknown_ca, tp_trusts_expired, tp_trusts_other_host, tp_tls_1_0_accepted,
  tp_ignores_starttls_failure, tp_uses_features_before_tls, tp_accepts_wrong_scram_signature,
  tp_accepts_foreign_scram_nonce, tp_accepts_unasked_success, tp_stanza_before_success,
  tp_presence_before_bind, tp_wrong_id, tp_answers_twice, tp_never_answers_iq, tp_answers_results,
  tp_answers_errors, tp_unknown_namespace_result, tp_unknown_namespace_ignored,
  tp_unknown_children_dropped, tp_acts_on_partial, tp_accepts_comment, tp_accepts_pi,
  tp_accepts_doctype, tp_accepts_invalid_utf8, tp_accepts_duplicate_attribute,
  tp_accepts_unbound_prefix, tp_accepts_control_characters, tp_accepts_undefined_entity,
  tp_accepts_mismatched_tags, tp_accepts_text_between_stanzas, tp_size_unbounded,
  tp_depth_unbounded, tp_smuggle_second_message, tp_segmentation, tp_whitespace_breaks,
  tp_ignores_stream_error, tp_no_close_answer, tp_sends_after_close, tp_reorders, tp_shows_twice,
  tp_forged_roster_push_accepted, tp_forged_result_accepted, tp_forged_result_fails_request,
  tp_unknown_id_result_accepted, tp_empty_from_result_refused, tp_escapes_wrongly,
  tp_cdata_dropped, tp_wrong_from, tp_ids_repeat, tp_roster_push_unanswered,
  tp_message_error_answered, tp_shows_error_as_message, tp_accepts_low_iterations,
  tp_ignores_server_header, tp_proceeds_in_clear_after_tls_injection, tp_survives_no_bind_error,
  tp_ignores_sasl_failure, tp_uses_unoffered_mechanism, tp_answers_malformed_challenge,
  tp_tls_1_2_refused, tp_login_segmentation, tp_answer_not_reported, tp_pings_server_only,
  tp_shows_wrong_sender, tp_shows_foreign_body, tp_prefix_unknown, tp_double_quotes_unread,
  tp_collapses_white_space, tp_ascii_only, tp_astral_lost, tp_combining_lost, tp_private_use_lost,
  tp_delete_lost, tp_strips_markup, tp_backslash_escapes, tp_escapes_twice, tp_adds_signature,
  tp_accepts_any_payloads, tp_presence_not_shown,
  // whatsapp, client
  wt_wrong_protocol_name, wt_intro_missing, wt_intro_twice, wt_intro_wrong_version,
  wt_prologue_not_mixed, wt_routing_in_prologue, wt_length_little_endian, wt_segmentation,
  wt_joined_frames_lost, wt_refuses_large_frames, wt_spec_hashing, wt_accepts_other_hashing,
  wt_accepts_odd_ephemeral, wt_accepts_missing_static, wt_accepts_missing_certificate,
  wt_ignores_static_tag, wt_ignores_certificate_tag, wt_root_unchecked,
  wt_intermediate_link_unchecked, wt_leaf_link_unchecked, wt_leaf_signature_unchecked,
  wt_leaf_key_unchecked, wt_accepts_expired, wt_accepts_not_yet_valid,
  wt_intermediate_validity_unchecked, wt_token_in_clear, wt_number_in_clear,
  wt_early_payload_in_clear, wt_same_ephemeral, wt_two_ephemerals, wt_forty_ephemerals,
  wt_skips_handshake, wt_uses_expired_key, wt_no_fallback, wt_fallback_in_clear,
  wt_fallback_chain_unchecked, wt_ik_chain_unchecked, wt_ik_ignores_tag, wt_counter_skips,
  wt_counter_starts_at_one, wt_counter_stays, wt_counter_wraps, wt_one_counter,
  wt_accepts_replayed_frame, wt_accepts_forgotten_frame, wt_accepts_reordered_frame,
  wt_accepts_far_frame, wt_accepts_tampered_frame, wt_compares_first_4, wt_compares_first_8,
  wt_compares_first_12, wt_compares_first_15, wt_compares_last_4, wt_compares_last_8,
  wt_compares_last_12, wt_compares_last_15, wt_accepts_clear_frame, wt_never_resends,
  wt_resends_under_new_id, wt_resends_acked, wt_refuses_unknown_fields, wt_no_keepalive,
  wt_stays_unanswered, wt_flags_unchecked, wt_compressed_unread, wt_accepts_broken_deflate,
  wt_inflates_without_bound, wt_accepts_empty_list, wt_accepts_empty_name,
  wt_accepts_missing_content, wt_accepts_trailing_octets, wt_wide_list_unread,
  wt_accepts_unknown_token, wt_accepts_unknown_tag, wt_empty_value_unread, wt_rare_jids_unread,
  wt_content_strings_unread, wt_accepts_overlong_length, wt_masked_bits_counted,
  wt_long_length_unread, wt_accepts_invalid_nibble, wt_packed_unread, wt_depth_unbounded,
  wt_children_unbounded, wt_attributes_unbounded, wt_accepts_invalid_utf8,
  wt_accepts_duplicate_keys, wt_interop_server_unread, wt_interop_server_demanded,
  wt_interop_tuple_unread, wt_accepts_other_interop_server, wt_integrator_not_shown,
  wt_integrator_lost_in_answers, wt_integrators_merged, wt_accepts_malformed_jid,
  wt_iq_unanswered, wt_iq_answered_twice, wt_iq_wrong_id, wt_answers_results, wt_answers_errors,
  wt_accepts_empty_iq, wt_accepts_two_payloads, wt_unknown_xmlns_result,
  wt_unknown_xmlns_unanswered, wt_unknown_children_refused, wt_no_prekey_upload,
  wt_unknown_id_result_taken, wt_forged_result_taken, wt_reorders, wt_acts_on_partial,
  wt_ids_repeat, wt_shows_twice, wt_shows_resend, wt_forgets_shown, wt_message_unacked,
  wt_receipt_unacked, wt_notification_unacked, wt_call_unacked, wt_ack_wrong_class,
  wt_ack_wrong_id, wt_ack_wrong_to, wt_unknown_stanza_unacked, wt_nack_without_error,
  wt_resend_unacked, wt_receipt_missing, wt_receipt_without_showing, wt_receipt_for_unreadable,
  wt_sends_participants, wt_sends_two_encs, wt_accepts_two_encs, wt_accepts_participants,
  wt_sends_wrong_type, wt_shows_mismatched_type, wt_failure_ignored, wt_reconnects_after_failure,
  wt_reconnects_after_conflict, wt_stays_after_stream_error, wt_sends_after_stream_error,
  wt_no_reconnect, wt_stream_end_unanswered, wt_stanza_before_success, wt_honours_before_success,
  wt_sends_two_chatstates, wt_shows_bad_chatstate, wt_web_wrong_path, wt_web_wrong_origin,
  wt_web_answer_unchecked, wt_web_unmasked, wt_web_accepts_text, wt_web_accepts_masked,
  wt_web_accepts_odd_frames, wt_web_refuses_fragments, wt_web_frame_per_message,
  wt_web_ping_unanswered, wt_web_close_unanswered, wt_similar_server_taken,
  wt_receipt_of_other_type, wt_logs_in_as_native,
  // Liberties: what a conforming client may do as well.
  wt_may_begin_with_pkmsg, wt_may_ask_again,
  // whatsapp, gatekeeper
  wg_reuses_ephemeral, wg_two_ephemerals, wg_forty_ephemerals, wg_specification_hashing,
  wg_refuses_routing, wg_routing_in_prologue, wg_chain_leaf_expired, wg_chain_leaf_not_yet_valid,
  wg_chain_intermediate_expired, wg_chain_intermediate_not_yet_valid,
  wg_chain_leaf_of_other_issuer, wg_chain_intermediate_of_other_issuer,
  wg_chain_leaf_with_other_key, wg_chain_leaf_with_wrong_signature,
  wg_chain_intermediate_with_wrong_signature, wg_chain_leaf_signed_by_root,
  wg_chain_intermediate_signed_by_itself, wg_chain_unknown_root, wg_chain_leaf_missing,
  wg_chain_intermediate_missing, wg_ignores_pq_mode, wg_pq_mode_unanswered,
  wg_refuses_unknown_protobuf_fields, wg_honours_replayed_ik, wg_replayed_ik_takes_queue,
  wg_replayed_ik_shows_online, wg_no_fallback, wg_fallback_under_xx_name, wg_ik_token_unchecked,
  wg_ik_counter_starts_at_one, wg_segmentation, wg_joined_frames_lost, wg_refuses_large_frames,
  wg_counter_skips, wg_counter_restarts, wg_counter_shared, wg_counter_wraps,
  wg_accepts_replayed_frame, wg_accepts_forgotten_frame, wg_accepts_reordered_frame,
  wg_accepts_skipped_frame, wg_accepts_far_frame, wg_accepts_tampered_frame, wg_compares_first_4,
  wg_compares_first_8, wg_compares_first_12, wg_compares_first_15, wg_compares_last_4,
  wg_compares_last_8, wg_compares_last_12, wg_compares_last_15, wg_accepts_clear_frame,
  wg_accepts_wrong_token, wg_accepts_empty_token, wg_accepts_token_prefix,
  wg_accepts_token_to_nul, wg_accepts_token_in_spaces, wg_accepts_token_of_another,
  wg_accepts_unknown_account, wg_accepts_any_product, wg_sends_before_success,
  wg_honours_before_success, wg_goes_on_after_failure, wg_failure_asks_for_retry,
  wg_no_passive_hold, wg_replaced_keeps_session, wg_replaced_without_conflict,
  wg_accepts_unknown_flags, wg_ignores_flags, wg_refuses_deflated, wg_accepts_broken_deflate,
  wg_inflates_without_bound, wg_accepts_list_size_zero, wg_accepts_empty_tag,
  wg_accepts_missing_content, wg_accepts_trailing_octets, wg_refuses_wide_list,
  wg_accepts_unknown_token, wg_accepts_unknown_tag, wg_refuses_empty_value, wg_refuses_rare_jids,
  wg_refuses_content_strings, wg_accepts_length_beyond, wg_refuses_masked_bits,
  wg_refuses_long_length, wg_accepts_bad_nibble, wg_odd_flag_ignored, wg_refuses_packed,
  wg_accepts_any_depth, wg_accepts_any_attributes, wg_accepts_any_children, wg_accepts_bad_utf8,
  wg_accepts_duplicate_keys, wg_refuses_interop_with_server, wg_refuses_interop_bare,
  wg_refuses_interop_tuple, wg_accepts_other_interop_server, wg_integrator_lost,
  wg_integrator_swapped, wg_integrators_merged, wg_accepts_any_integrator,
  wg_accepts_malformed_jid, wg_device_zero_shown, wg_iq_wrong_id, wg_iq_unanswered,
  wg_iq_answered_twice, wg_answers_result, wg_answers_error, wg_accepts_zero_payloads,
  wg_accepts_two_payloads, wg_accepts_unknown_xmlns, wg_unknown_xmlns_unanswered,
  wg_unknown_children_refused, wg_accepts_odd_keys, wg_accepts_other_key_type, wg_key_count_wrong,
  wg_one_time_key_again, wg_unknown_users_skipped, wg_from_message_not_enforced,
  wg_from_receipt_not_enforced, wg_from_presence_not_enforced, wg_from_chatstate_not_enforced,
  wg_from_integrator_not_enforced, wg_reorders_messages, wg_drops_messages,
  wg_duplicates_messages, wg_delivers_to_stranger, wg_acts_on_partial, wg_no_ack, wg_ack_wrong_id,
  wg_ack_wrong_class, wg_acks_before_storing, wg_resend_delivered_twice, wg_resend_unacked,
  wg_forgets_sent_ids, wg_offline_lost, wg_offline_reversed, wg_no_redelivery,
  wg_redelivers_acked, wg_accepts_participants, wg_accepts_two_enc, wg_accepts_no_enc,
  wg_wraps_in_participants, wg_receipt_lost, wg_receipt_unacked, wg_chatstate_two_children,
  wg_chatstate_unknown_child, wg_chatstate_without_child, wg_web_any_path, wg_web_any_origin,
  wg_web_accepts_text, wg_web_accepts_unmasked, wg_web_accepts_odd_frames,
  wg_web_accepts_odd_control, wg_web_length_unchecked, wg_web_refuses_fragments,
  wg_web_frame_per_message, wg_web_ping_unanswered, wg_web_close_unanswered,
  wg_from_existing_not_enforced, wg_from_device_shown, wg_participant_passed_on,
  wg_upload_for_claimed_user, wg_ids_of_all_senders, wg_remembers_last_id, wg_acks_of_anybody,
  wg_acks_by_id_alone, wg_enc_type_changed,
  // Liberties: what a conforming gatekeeper may do as well.
  wg_may_drop_forged, wg_may_deliver_forged_as_own, wg_may_refuse_forged_request,
  wg_may_refuse_reused_id, wg_may_keep_absence_quiet, wg_opted_out_silently, wg_opt_in_of_all,
  wg_list_says_all, wg_consent_from_not_enforced, wg_third_party_opts_in, wg_opt_out_ignored,
  wg_opt_out_late, wg_opt_out_of_all, wg_consent_forgotten, wg_typing_while_out,
  wg_receipts_while_out, wg_presence_while_out, wg_opt_in_replays, wg_opt_in_without_terms,
  wg_opt_in_terms_shown, wg_terms_unshown, wg_opts_in_unknown, wg_opts_in_nobody,
  wg_opts_in_removed, wg_opts_in_onboarding, wg_opt_in_partly, wg_list_hides_status,
  wg_presence_before_trust, wg_trusts_all, wg_token_ignored, wg_reply_no_trust,
  wg_reachability_ignored, wg_reachability_entries_ignored, wg_reachability_forgotten,
  wg_reachability_unbounded, wg_keys_of_unreachable, wg_block_ignored, wg_block_revealed,
  wg_block_extends, wg_block_for_all, wg_unblock_ignored, wg_accepts_odd_blocks,
  wg_typing_of_blocked, wg_receipts_of_blocked, wg_presence_of_blocked, wg_resolve_shares_id,
  wg_resolve_id_is_identifier, wg_resolve_any_partner, wg_resolve_not_normalised,
  wg_resolve_verbatim, wg_resolve_any_type, wg_resolve_folds, wg_resolve_unknown_fails_batch,
  wg_resolve_unknown_skipped, wg_resolve_truncates, wg_resolve_unbounded, wg_resolve_limit_low,
  // What proves who a third party's user is.
  wg_token_oversized, wg_token_parts, wg_token_encrypted, wg_token_padded, wg_token_white_space,
  wg_token_standard_alphabet, wg_token_other_octets, wg_token_not_utf8, wg_token_header_syntax,
  wg_token_header_twice, wg_token_no_algorithm, wg_token_algorithm_type, wg_token_unsigned,
  wg_token_crit_malformed, wg_token_crit_unknown, wg_token_unencoded, wg_token_nested,
  wg_token_symmetric, wg_token_any_algorithm, wg_token_any_type, wg_token_key_in_header,
  wg_token_kid_type, wg_token_once_proven, wg_token_kid_unknown, wg_token_key_unfit,
  wg_token_signature_missing, wg_token_signature_length, wg_token_signature_range,
  wg_token_signature_wrong, wg_token_claims_syntax, wg_token_claims_twice, wg_token_claim_missing,
  wg_token_claim_type, wg_token_any_issuer, wg_token_any_audience, wg_token_any_subject,
  wg_token_time_range, wg_token_expired, wg_token_not_yet_valid, wg_token_of_tomorrow,
  wg_token_long_lived, wg_token_unknown_claim_refused, wg_token_audience_list_refused,
  wg_may_have_no_leeway, wg_token_refuses_all, wg_enlist_without_proof, wg_enlist_any_proof,
  wg_enlist_any_media_type, wg_enlist_members_twice, wg_enlist_unknown_member_refused,
  wg_enlist_any_type, wg_enlist_not_normalised, wg_enlist_new_id, wg_enlist_anybody_else_too,
  wg_enlist_leaver_stays, wg_enlist_any_content, wg_enlist_visible_id, wg_enlist_same_id,
  wg_enlist_in_vain, wg_enlist_to_the_letter,
  // What only profile `messenger` forbids: a client's, then a gatekeeper's.
  mt_foreign_product, mt_accepts_foreign_server, mg_accepts_foreign_product,
  mg_accepts_foreign_server, mg_shows_foreign_server, mg_foreign_failure_reason,
  // Liberties: what a conforming party may do as well.
  wt_may_drop_frames, wt_may_count_frames, wg_may_drop_frames, wg_may_count_frames,
  wg_may_close_without_failure, wg_may_fail_otherwise, wg_may_honour_after_success,
  count,  // not a fault
};
// clang-format on: hundreds of names, their sentences stand in the tables

std::string_view to_string(Fault fault);
std::optional<Fault> find_fault(std::string_view name);

class FaultSet {
 public:
  bool has(Fault fault) const { return bits_[static_cast<std::size_t>(fault)]; }
  void add(Fault fault) { bits_.set(static_cast<std::size_t>(fault)); }
  void add(const FaultSet& other) { bits_ |= other.bits_; }
  bool empty() const { return bits_.none(); }

 private:
  std::bitset<static_cast<std::size_t>(Fault::count)> bits_;
};

// Errors: not_found for a name that is not in the table, with the nearest ones.
Result<FaultSet> fault_set(const std::vector<std::string>& names);

}  // namespace parley::reference
