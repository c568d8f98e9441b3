// tandem itself through Prism: cycles of `tandem once` with staff at work in between, every request to
// HighLevel and every answer held against HighLevel's own description.
// usage: node prism_tandem.mjs TANDEM-SIM OPENAPI-FOLDER TANDEM
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Violations, startPrism } from './proxy.mjs';
import { needModules, skip, withSim } from './sim.mjs';

const [where, folder, tandem] = process.argv.slice(2);
if (!where || !folder || !tandem) skip('usage: prism_tandem.mjs TANDEM-SIM OPENAPI-FOLDER TANDEM');
if (!existsSync(join(folder, 'contacts.json'))) skip(`${folder}/contacts.json is not there`);
needModules('@stoplight/prism-cli');

const violations = new Violations();
const deleted = new Set();  // ids that may be asked for in vain
const kRoutes = [
  ['create', 'POST', /^\/contacts\/$/], ['search', 'POST', /^\/contacts\/search$/], ['duplicate', 'GET', /^\/contacts\/search\/duplicate$/],
  ['tags.add', 'POST', /^\/contacts\/\w+\/tags$/], ['tags.remove', 'DELETE', /^\/contacts\/\w+\/tags$/], ['read', 'GET', /^\/contacts\/\w+$/],
  ['update', 'PUT', /^\/contacts\/\w+$/], ['location', 'GET', /^\/locations\/\w+$/], ['location.fields', 'GET', /^\/locations\/\w+\/customFields$/]];
const counts = new Map(kRoutes.map(([name]) => [name, 0]));

// Two descriptions, one base URL: this hands each request to the Prism that knows its path.
async function startFront(contacts, locations) {
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url.split('?')[0];
    const route = kRoutes.find(([, method, form]) => method === incoming.method && form.test(path))?.[0];
    if (route === undefined) violations.complain(`${incoming.method} ${path}`, 0, 'request', '', 'tandem is not known to use this route');
    const onward = send({ host: '127.0.0.1', port: (path.startsWith('/locations/') ? locations : contacts).port, method: incoming.method,
      path: incoming.url, headers: incoming.headers }, (answer) => {
      violations.record(`tandem.${route}`, answer.statusCode, answer.headers['sl-violations']);
      counts.set(route, counts.get(route) + 1);
      if (answer.statusCode >= 400 && !(route === 'read' && deleted.has(path.split('/').at(-1)))) violations.complain(route, answer.statusCode, 'status', '', 'nothing was expected to be refused');
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

async function once(config, ...options) {
  const child = spawn(tandem, ['once', '--config', config, '--wait', '30s', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (text) => { said += text; });
  const code = await new Promise((resolve) => child.once('close', resolve));
  process.stdout.write(said);
  if (code !== 0 && code !== 3) violations.complain('tandem once', code, 'exit', '', said);
  return said;
}

async function pass(ports, url, home) {
  const staff = async (side, what, body) => {
    const answer = await fetch(`${ports[side].base_url}/_sim/staff/${what}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`staff at ${side}, ${what}: ${await answer.text()}`);
  };
  const truth = async (side) => (await (await fetch(`${ports[side].base_url}/_sim/contacts`)).json()).contacts;
  writeFileSync(join(home, 'ctm'), ports.ctm.key, { mode: 0o600 });
  writeFileSync(join(home, 'highlevel'), ports.highlevel.token, { mode: 0o600 });
  const field = (name, more) => `[[link.field]]\nname = "custom:${name}"\nctm = "custom:${name}"\nhighlevel = "custom:contact.${name}"\n${more}`;
  const config = join(home, 'tandem.toml');
  writeFileSync(config, `[service]
state_dir = "${home}/state"
listen = ""
[[link]]
name = "prism"
first_run = "auto"
[link.ctm]
base_url = "${ports.ctm.base_url}"
account_id = ${ports.ctm.account_id}
credential_file = "${home}/ctm"
list = "${ports.ctm.list}"
[link.highlevel]
base_url = "${url}"
location_id = "${ports.highlevel.location_id}"
credential_file = "${home}/highlevel"
[link.budget]
ctm = { per_second = 10 }
${field('project_type', 'type = "choice"\n')}${field('referred_by', '')}${field('budget', 'type = "number"\n')}
${field('preferred_date', 'type = "date"\n')}${field('interests', 'type = "choices"\n')}`);

  await once(config, '--full');  // first linking
  const row = (await truth('ctm')).filter(({ number }) => number.startsWith('+1'));
  const contacts = await truth('highlevel');
  const linked = row.map(({ number }) => ({ number, id: contacts.find((one) => one.phone === number)?.id })).filter(({ id }) => id);
  if (linked.length < 8) throw new Error(`only ${linked.length} people are in both`);
  for (const [field_, value] of [['city', 'Joliet'], ['street', '12 Elm St'], ['custom_fields.referred_by', 'a neighbour'], ['custom_fields.budget', '12500'],
    ['custom_fields.preferred_date', '2027-03-04'], ['custom_fields.project_type', 'Roof'], ['custom_fields.interests', 'tiles;wood'], ['custom_fields.company', 'Tilework']]) {
    await staff('ctm', 'edit_contact', { number: linked[0].number, field: field_, value });
  }
  await staff('ctm', 'edit_contact', { number: linked[1].number, field: 'name', value: "Mara O'Neil" });
  await staff('ctm', 'edit_contact', { number: linked[2].number, field: 'email', value: 'Mara.Prism@example.org' });
  await staff('ctm', 'call', { number: '+13125550191', name: 'Noor Ünal' });
  await staff('ctm', 'tag', { number: '+13125550191', tag: 'Hot Lead' });
  await staff('ctm', 'call', { number: linked[3].number });
  await staff('ctm', 'tag', { number: linked[3].number, tag: 'Spring Mailing' });
  await staff('highlevel', 'edit', { id: linked[4].id, field: 'city', value: 'Elgin' });
  await once(config);
  await once(config, '--full');
  await staff('ctm', 'untag', { number: linked[3].number, tag: 'Spring Mailing' });
  await staff('ctm', 'remove_from_list', { number: linked[5].number });
  await staff('highlevel', 'clear', { id: linked[0].id, field: 'city' });
  await staff('highlevel', 'edit', { id: linked[6].id, field: 'phone', value: '+13125550192' });
  deleted.add(linked[7].id);
  await staff('highlevel', 'delete', { id: linked[7].id });
  await staff('ctm', 'edit_contact', { number: linked[2].number, field: 'email', value: 'Mara.Second@example.org' });
  await once(config);
  await once(config, '--full');
  const last = await once(config, '--full');
  if (!last.includes('written 0 ctm and 0 highlevel')) violations.complain('tandem once', 0, 'quiet', '', `the last cycle wrote: ${last}`);
  for (const [route, count] of counts) if (count === 0) violations.complain(route, 0, 'use', '', 'no cycle used this route: nothing was shown about it');
}

process.exitCode = await withSim(where, async (ports) => {
  const home = mkdtempSync(join(tmpdir(), 'tandem-prism-'));
  const started = [];
  try {
    for (const name of ['contacts', 'locations']) started.push(await startPrism(join(folder, `${name}.json`), ports.highlevel.base_url));
    const front = await startFront(...started);
    started.push(front);
    await pass(ports, front.url, home);
  } finally {
    for (const one of started) one.stop();
    rmSync(home, { recursive: true, force: true });
  }
  return violations.report('prism_tandem.mjs') ? 0 : 1;
});
setTimeout(() => process.exit(), 500).unref();
