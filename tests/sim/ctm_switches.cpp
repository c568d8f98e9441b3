// Every behaviour of CTM that the dossier (api/ctm.md, section 10) leaves open, with its default.
// The second half are switches of our own, for questions the dossier names only in passing.
#include "tests/sim/ctm_model.h"

namespace tandem::sim {

std::vector<Switches::Spec> ctm_switch_specs() {
  return {
      // --- section 10
      {"contact_surfaces", "list, activity, account_read", "<text>"},  // ... account_write
      {"account_contacts.path", "contacts", "contacts|contacts.json|404"},
      {"account_contacts.write_verbs", "none", "none|post_put_delete|patch"},
      {"account_contacts.page_max", "100", "<int>"},
      {"account_contacts.over", "clamp", "clamp|error400|silent_skip"},
      {"account_contacts.stamps", "absent", "absent|present"},
      {"account_contacts.address", "nested", "nested|flat"},
      {"lists.envelope_key", "contact_lists", "contact_lists|lists"},
      {"lists.page_max", "10", "<int>"},
      {"lists.over", "silent_skip", "silent_skip|clamp|error400"},
      {"list_row_email", "absent", "absent|present|present_if_set"},
      {"list_row_name", "joined", "joined|joined_plus_split"},
      {"add_contact_existing", "keep_old", "keep_old|upsert|duplicate_row|error406"},
      {"add_contact_status", "200", "200|201|empty"},
      {"add_contact_bad_number", "error406", "error406|error200|store|normalise"},
      {"remove_scope", "membership", "membership|contact"},
      {"remove_absent", "200", "200|404"},
      {"list_updated_at_moves", "on", "on|off"},
      {"list_custom_unregistered", "store", "store|drop|error406"},
      {"contact_shared_across_lists", "on", "on|off"},
      {"modify.scope", "contact_and_future", "contact_and_future|activity_only|contact_and_all"},
      {"modify.custom_fields", "on", "on|off"},
      {"modify.verbs", "POST+PUT", "POST+PUT|POST|PUT"},
      {"clear_by_empty_string", "on", "on|ignored"},
      {"clear_by_null", "ignored", "ignored|on"},
      {"filter.indexed_at", "off", "off|on"},
      {"index_lag_ms", "2000", "<int>"},
      {"calls.page_max", "150", "<int>"},
      {"calls.over", "error400", "error400|clamp"},
      {"calls.window", "10000", "<int>"},
      {"calls.window_over", "empty", "empty|error400"},
      {"next_page_form", "url", "url|url_false|url_absent|number"},
      {"date_filter_zone", "account", "account|utc"},
      {"call_by_sid", "404", "404|200"},
      {"soft_error_200", "on", "on|off"},
      {"rate", "fixed_window", "fixed_window|token_bucket|off"},
      {"rate.per_second", "10", "<int>"},
      {"rate.retry_after", "off", "off|on"},
      {"rate.errors_per_minute", "0", "<int>"},  // 0 = errors are not throttled
      {"rate.error_throttle_ms", "30000", "<int>"},
      {"empty_style", "mixed", "mixed|null|empty|absent"},
      {"custom_fields_style", "object", "object|array"},
      {"number_unique", "on", "on|off"},
      {"multi_number_contacts", "off", "off|on"},
      {"webhook.sig", "base64", "base64|hex"},
      {"webhook.wrap", "bare", "bare|call"},
      {"webhook.retry", "three", "three|none|many|duplicates"},
      {"webhook.order", "in_order", "in_order|shuffled|end_before_start"},
      {"trigger.contact_panel", "ui", "ui|api_too|off"},
      {"redaction_scope", "activity", "activity|activity+contact"},
      {"delete_form_body", "accept", "accept|reject"},     // further behaviour 4
      {"delete_body_dropped", "off", "off|error|silent"},  // a proxy that eats bodies of DELETE
      // --- ours
      {"add_contact_rejoin", "takes_new", "takes_new|keeps_old"},  // removed and added again: whose values
      {"add_contact_name_key", "ignored", "ignored|on"},           // does add_contact take one `name`
      {"list_address_write", "on", "on|ignored"},                  // does it take street, city ... flat
      {"list_order", "oldest_first", "oldest_first|newest_first"},
      {"list_count", "indexed", "indexed|live"},          // contacts_count: does it lag with the rows
      {"row_name_fallback", "blank", "blank|caller_id"},  // a row without a name shows caller-ID
      {"account_contacts.search", "on", "on|off"},        // filters by the server, or ignored
      {"calls.cursor", "follows", "follows|ignored"},     // does `after` hold its place in the feed
      {"calls.window_cursor", "cut", "cut|deep"},         // does `after` reach beyond the window
      {"since_until", "ignored", "ignored|instants"},
      {"caller_number_form", "e164", "e164|bare|format"},    // of caller_number alone
      {"outbound_caller_number", "own", "own|person"},       // who caller_number is on the way out
      {"custom_multi_style", "string", "string|array"},      // how a multipicker's value is read
      {"custom_object_contact", "error406", "error406|on"},  // may object_type be Contact
      {"redaction_style", "blank", "blank|placeholder"},
      {"tags.case", "keep", "keep|lower|insensitive"},
      {"opt_out_none", "404", "404|empty"},
      {"auth_error_body", "reason", "reason|error"},
      {"foreign_account", "403", "403|404"},
      {"auth_exchange_wrong", "200", "200|401"},
      {"rate_scope", "key", "key|agency"},
      {"rate_body", "json", "json|text|empty"},
      {"timezone_form", "rails", "rails|iana"},
  };
}
}  // namespace tandem::sim
