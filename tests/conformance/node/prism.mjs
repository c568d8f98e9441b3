// A client pass over the contact routes through Prism, which holds each request and answer against
// HighLevel's own description. Anything that deviations.json does not list is a failure.
// usage: node prism.mjs (TANDEM-SIM | PORT-FILE.json) OPENAPI-FOLDER
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Violations, startPrism } from './proxy.mjs';
import { needModules, skip, withSim } from './sim.mjs';

const [where, folder] = process.argv.slice(2);
if (!where || !folder) skip('usage: prism.mjs TANDEM-SIM OPENAPI-FOLDER');
if (!existsSync(join(folder, 'contacts.json'))) skip(`${folder}/contacts.json is not there`);
needModules('@stoplight/prism-cli');
const violations = new Violations();

async function pass(base, token, locationId, field, run) {
  const ask = async (route, method, path, body, wanted) => {
    const answer = await fetch(base + path, { method, body: body === undefined ? undefined : JSON.stringify(body),
      headers: { authorization: `Bearer ${token}`, version: '2021-07-28', accept: 'application/json', 'user-agent': 'tandem-conformance',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }) } });
    const text = await answer.text();
    violations.record(route, answer.status, answer.headers.get('sl-violations'));
    if (answer.status !== wanted) violations.complain(route, answer.status, 'status', '', `wanted ${wanted}: ${text.slice(0, 300)}`);
    return JSON.parse(text);
  };
  await run(ask, locationId, field);
}

async function contacts(ask, locationId, field) {
  const made = await ask('create', 'POST', '/contacts/', { locationId, firstName: 'Mara', lastName: "O'Neil", email: 'mara.prism@example.org',
    phone: '+13125550188', address1: '12 Elm St', city: 'Aurora', state: 'IL', postalCode: '60505', country: 'US', website: 'https://example.org',
    source: 'phone call', companyName: 'Tilework', tags: ['Tile'], dnd: true, dndSettings: { SMS: { status: 'active' } },
    customFields: [{ id: field('contact.project_type'), field_value: 'Roof' }] }, 201);
  const id = made.contact?.id;
  await ask('create', 'POST', '/contacts/', { locationId, email: 'mara.prism@example.org' }, 400);
  await ask('create', 'POST', '/contacts/', { locationId, email: 'nonsense' }, 422);
  await ask('read', 'GET', `/contacts/${id}`, undefined, 200);
  await ask('read', 'GET', '/contacts/NoSuchContact0000000', undefined, 400);
  await ask('update', 'PUT', `/contacts/${id}`, { lastName: 'Neil', timezone: 'America/Chicago' }, 200);
  await ask('update', 'PUT', `/contacts/${id}`, { website: null }, 200);
  await ask('update.number', 'PUT', `/contacts/${id}`, { customFields: [{ id: field('contact.budget'), field_value: 12500 }] }, 200);
  await ask('update.several', 'PUT', `/contacts/${id}`, { customFields: [{ id: field('contact.interests'), field_value: ['tiles', 'wood'] }] }, 200);
  await ask('read.number', 'GET', `/contacts/${id}`, undefined, 200);
  await ask('upsert', 'POST', '/contacts/upsert', { locationId, email: 'mara.prism@example.org', city: 'Joliet' }, 200);
  await ask('search', 'POST', '/contacts/search', { locationId, pageLimit: 10, sort: [{ field: 'dateUpdated', direction: 'asc' }] }, 200);
  await ask('duplicate', 'GET', `/contacts/search/duplicate?locationId=${locationId}&number=%2B13125550188`, undefined, 200);
  const listed = await ask('list', 'GET', `/contacts/?locationId=${locationId}&limit=5`, undefined, 200);
  await ask('read.handmade', 'GET', `/contacts/${listed.contacts[4].id}`, undefined, 200);
  await ask('tags.add', 'POST', `/contacts/${id}/tags`, { tags: ['Hot Lead'] }, 201);
  await ask('tags.remove', 'DELETE', `/contacts/${id}/tags`, { tags: ['hot lead'] }, 200);
  await ask('tags.bulk', 'POST', '/contacts/bulk/tags/update/add', { locationId, contacts: [id], tags: ['bulk'] }, 201);
  await ask('business.bulk', 'POST', '/contacts/bulk/business', { locationId, ids: [id], businessId: null }, 200);
  await ask('followers.add', 'POST', `/contacts/${id}/followers`, { followers: ['UsErId00000000000001'] }, 201);
  await ask('followers.remove', 'DELETE', `/contacts/${id}/followers`, { followers: ['UsErId00000000000001'] }, 200);
  const note = await ask('note.create', 'POST', `/contacts/${id}/notes`, { body: 'Called back' }, 201);
  await ask('note.list', 'GET', `/contacts/${id}/notes`, undefined, 200);
  await ask('note.update', 'PUT', `/contacts/${id}/notes/${note.note.id}`, { title: 'Call' }, 200);
  await ask('note.delete', 'DELETE', `/contacts/${id}/notes/${note.note.id}`, undefined, 200);
  const task = await ask('task.create', 'POST', `/contacts/${id}/tasks`, { title: 'Call', dueDate: '2027-01-05T10:00:00Z', completed: false }, 201);
  await ask('task.list', 'GET', `/contacts/${id}/tasks`, undefined, 200);
  await ask('task.complete', 'PUT', `/contacts/${id}/tasks/${task.task.id}/completed`, { completed: true }, 200);
  await ask('task.delete', 'DELETE', `/contacts/${id}/tasks/${task.task.id}`, undefined, 200);
  await ask('appointments', 'GET', `/contacts/${id}/appointments`, undefined, 200);
  await ask('delete', 'DELETE', `/contacts/${id}`, undefined, 200);
  await ask('delete', 'DELETE', `/contacts/${id}`, undefined, 400);
}

async function location(ask, locationId) {
  await ask('location', 'GET', `/locations/${locationId}`, undefined, 200);
  await ask('location.tags', 'GET', `/locations/${locationId}/tags`, undefined, 200);
  await ask('location.fields', 'GET', `/locations/${locationId}/customFields?model=contact`, undefined, 200);
  const made = await ask('location.field.create', 'POST', `/locations/${locationId}/customFields`, { name: 'Prism', dataType: 'TEXT', model: 'contact' }, 201);
  await ask('location.field.delete', 'DELETE', `/locations/${locationId}/customFields/${made.customField.id}`, undefined, 200);
  await ask('location.timezones', 'GET', `/locations/${locationId}/timezones`, undefined, 200);
}

process.exitCode = await withSim(where, async (ports) => {
  const { base_url, token, location_id } = ports.highlevel;
  const asked = await fetch(`${base_url}/locations/${location_id}/customFields?model=contact`, { headers: { authorization: `Bearer ${token}`,
    version: '2021-07-28', 'user-agent': 'tandem-conformance' } });
  const { customFields } = await asked.json();
  const field = (key) => customFields.find((one) => one.fieldKey === key).id;
  for (const [document, run] of [['contacts.json', contacts], ['locations.json', location]]) {
    const prism = await startPrism(join(folder, document), ports.highlevel.base_url);
    try {
      await pass(prism.url, ports.highlevel.token, ports.highlevel.location_id, field, run);
    } finally {
      prism.stop();
    }
  }
  const stale = violations.known.filter((one) => !violations.used.has(one));
  for (const one of stale) console.error(`STALE: deviations.json lists ${one.routes[0]} ${one.at}, which no longer happens`);
  return violations.report('prism.mjs') && stale.length === 0 ? 0 : 1;
});
setTimeout(() => process.exit(), 500).unref();
