#include "tests/sim/highlevel_model.h"

namespace tandem::sim::highlevel {

// Defaults are what the dossier thinks likeliest; where it cannot say, the reading a careless client
// fails on. README.md lists them with their sources.
std::vector<Switches::Spec> switch_specs() {
  return {
      // What the location is set to
      {"location.country", "US", "<text>"},
      {"location.timezone", "America/Chicago", "<text>"},
      {"location.allow_duplicates", "off", "on|off"},
      {"location.unique_identifiers", "email,phone", "email,phone|phone,email|email|phone"},
      {"location.show_identifiers", "on", "on|off"},
      // Gateway
      {"cloudflare", "on", "on|off"},
      {"trailing_slash", "strict", "strict|lax"},
      {"token.scopes", "all", "<text>"},  // all, or a list with blanks between
      {"token.expires_in", "86399", "<int>"},
      {"oauth.error", "rfc", "rfc|rfc_401|message|envelope"},  // how a refused grant is worded
      {"oauth.chosen", "location", "location|foreign|company|denied"},
      {"oauth.state", "echo", "echo|drop"},
      {"oauth.refresh_kills_access", "off", "on|off"},
      {"oauth.refresh_grace_ms", "0", "<int>"},
      {"missing_status", "400", "400|404"},
      {"create_status", "201", "201|200"},
      // Quotas
      {"quota", "on", "on|off"},
      {"quota.burst", "100", "<int>"},
      {"quota.interval_ms", "10000", "<int>"},
      {"quota.daily", "200000", "<int>"},
      {"quota.headers", "on", "on|off|some"},  // some: every third answer lacks them
      {"quota.retry_after", "off", "on|off"},
      // Search index
      {"index_lag_ms", "3000", "<int>"},
      {"delete_lag_ms", "15000", "<int>"},
      {"index_lag_spread", "on", "on|off"},  // on: 2/3 to 5/3 of it for writes, 0 to 2 times for deletes
      {"index_stamp_ms", "5", "<int>"},      // the index stamp is up to this much later than the primary's
      {"duplicate_search.reads", "primary", "primary|index"},
      {"duplicate_search.matching_field", "contactId", "contactId|field"},
      {"search.date_format", "both", "both|ms|iso"},
      {"search.gte_inclusive", "on", "on|off"},
      {"search.phone_misses_additional", "off", "on|off"},
      // What moves dateUpdated
      {"bump.noop_write", "on", "on|off"},
      {"bump.tag", "off", "on|off"},
      {"bump.note", "off", "on|off"},
      {"bump.task", "off", "on|off"},
      {"bump.appointment_create", "off", "on|off"},
      {"bump.appointment_update", "on", "on|off"},
      {"bump.business", "on", "on|off"},
      {"bump.follower", "off", "on|off"},
      // Bodies
      {"require_identifier", "on", "on|off"},
      {"put.company_name", "accept", "accept|422"},
      {"put.location_id", "422", "422|accept"},
      {"put.both_cleared", "accept", "accept|400"},
      {"task_put.partial", "on", "on|off"},
      {"clear.null", "clears", "clears|ignored|422"},
      {"clear.empty", "clears", "clears|ignored|422"},
      {"clear.empty_email", "422", "422|as_empty"},
      {"clear.empty_option", "400", "400|as_empty"},  // "" for a number, date or option field
      {"name.split", "first_blank", "first_blank|last_blank"},
      {"phone.format", "any", "any|e164"},
      {"phone.unparsable", "422", "422|store|drop"},
      {"date_of_birth.create", "iso", "iso|date"},
      {"date_of_birth.row", "iso", "iso|date"},
      // Custom fields
      {"picklist", "reject", "reject|store"},
      {"custom.unknown_id", "ignore", "ignore|400"},
      {"custom.numeric_string", "400", "400|accept"},
      {"custom.date_read", "text", "text|epoch|iso"},
      {"custom.absent", "keep", "keep|clear"},  // what a list does to fields it does not name
      // Upsert, duplicates, staff
      {"duplicate.match_additional", "on", "on|off"},
      {"upsert.replaces_primary_email", "on", "on|off"},
      {"restore.new_id", "off", "on|off"},
      // Normalisers that HighLevel is not known to have; for echo tests
      {"zoo.title_case_names", "off", "on|off"},
      {"zoo.truncate_names", "0", "<int>"},
      {"zoo.trim_names", "off", "on|off"},
      {"zoo.lower_email", "off", "on|off"},
      {"zoo.drop_unknown_tag", "off", "on|off"},
  };
}
}  // namespace tandem::sim::highlevel
