// HighLevel's own Node client against tandem-sim: what it sends must be understood, what it gets must be
// what it expects. usage: node contacts.mjs (TANDEM-SIM | PORT-FILE.json)
import { Checks, needModules, skip, withSim } from './sim.mjs';

if (process.argv.length < 3) skip('no tandem-sim given');
needModules('@gohighlevel/api-client');
const { HighLevel } = await import('@gohighlevel/api-client');

async function refusal(promise) {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return { status: error.statusCode, message: error.response?.message, code: error.code };
  }
}

async function pass(ports) {
  const check = new Checks();
  const { base_url, token, location_id: locationId } = ports.highlevel;
  HighLevel.BASE_URL = base_url;
  const client = new HighLevel({ privateIntegrationToken: token, apiVersion: '2021-07-28', logLevel: 'none' });
  const { contacts } = client;

  const made = await contacts.createContact({ locationId, firstName: 'Mara', lastName: "O'Neil", email: 'Mara.Conformance@Example.org',
    phone: '+13125550187', tags: ['Tile'], country: 'US' });
  const contactId = made.contact?.id;
  check.that(/^[A-Za-z0-9]{20}$/.test(contactId ?? ''), 'a contact id has 20 letters and digits', contactId);
  check.same(made.contact?.tags, ['tile'], 'tags are lower-cased');

  const seen = (await contacts.getContact({ contactId })).contact;
  check.same(seen.email, 'Mara.Conformance@Example.org', 'the e-mail keeps its case');
  check.same(seen.emailLowerCase, 'mara.conformance@example.org', 'and has a lower-case copy');
  check.that(!('companyName' in seen), 'unset keys are left out of a read');

  const changed = await contacts.updateContact({ contactId }, { lastName: 'Neil', city: 'Aurora' });
  check.same([changed.succeded, changed.contact?.lastName, changed.contact?.firstName], [true, 'Neil', 'Mara'], 'an update is partial');
  check.same((await refusal(contacts.updateContact({ contactId }, { nickName: 'M' })))?.status, 422, 'an unknown property is refused');

  const again = await refusal(contacts.createContact({ locationId, email: 'mara.conformance@example.org' }));
  check.same([again?.status, again?.message], [400, 'This location does not allow duplicated contacts.'], 'a duplicate is refused');
  const upserted = await contacts.upsertContact({ locationId, email: 'mara.conformance@example.org', state: 'IL' });
  check.same([upserted.new, upserted.contact?.id, upserted.contact?.state], [false, contactId, 'IL'], 'upsert finds it');
  const duplicate = await contacts.getDuplicateContact({ locationId, number: '+13125550187' });
  check.same(duplicate.contact?.id, contactId, 'duplicate search finds the number');

  const row = await check.until(async () => {
    const found = await contacts.searchContactsAdvanced({ locationId, pageLimit: 20, sort: [{ field: 'dateUpdated', direction: 'desc' }],
      filters: [{ field: 'email', operator: 'eq', value: 'mara.conformance@example.org' }] });
    return found.contacts.find((one) => one.state === 'IL');
  }, 'the search index catches up');
  check.same([row?.id, row?.companyName, row?.contactName], [contactId, null, 'mara neil'], 'a row shows blanks as null');
  check.same([Array.isArray(row?.searchAfter), row?.searchAfter?.[1]], [true, contactId], 'a row carries its cursor');

  const listed = await contacts.getContacts({ locationId, limit: 5 });
  check.same([listed.contacts?.length, typeof listed.meta?.startAfter], [5, 'number'], 'the deprecated listing answers');

  const added = await contacts.addTags({ contactId }, { tags: ['Hot Lead', 'tile'] });
  check.same([added.tags, added.tagsAdded], [['tile', 'hot lead'], ['hot lead']], 'adding tags');
  const removed = await contacts.removeTags({ contactId }, { tags: ['tile'] });
  check.same([removed.tags, removed.tagsRemoved], [['hot lead'], ['tile']], 'removing tags: a DELETE with a body');

  const note = await contacts.createNote({ contactId }, { body: 'Called back' });
  check.same((await contacts.getAllNotes({ contactId })).notes?.map((one) => one.id), [note.note?.id], 'a note is listed');
  const task = await contacts.createTask({ contactId }, { title: 'Call', dueDate: '2027-01-05T10:00:00Z', completed: false });
  check.same((await contacts.updateTaskCompleted({ contactId, taskId: task.task.id }, { completed: true })).task?.completed, true, 'a task is completed');

  check.same((await contacts.deleteContact({ contactId })).succeded, true, 'delete');
  const gone = await refusal(contacts.getContact({ contactId }));
  check.same([gone?.status, gone?.message], [400, `Contact not found for id:${contactId}`], 'a deleted contact is a bad request');
  await check.until(async () => (await contacts.searchContactsAdvanced({ locationId, pageLimit: 20,
    filters: [{ field: 'id', operator: 'eq', value: contactId }] })).contacts.length === 0, 'the deleted row leaves the index');

  const stranger = new HighLevel({ privateIntegrationToken: 'pit-nobody', apiVersion: '2021-07-28', logLevel: 'none' });
  check.same((await refusal(stranger.contacts.getContact({ contactId })))?.status, 401, 'a wrong token');
  const location = await client.locations.getLocation({ locationId });
  check.same(location.location?.settings?.allowDuplicateContact, false, 'the location shows its duplicate policy');
  const fields = await client.locations.getCustomFields({ locationId, model: 'contact' });
  check.that(fields.customFields?.length >= 5, 'custom fields are listed', fields.customFields?.length);
  return check.finish('contacts.mjs');
}

process.exitCode = await withSim(process.argv[2], pass);
setTimeout(() => process.exit(), 500).unref();
