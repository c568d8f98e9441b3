// Prism between a client and tandem-sim: it holds each request and answer against HighLevel's own
// description. Where live HighLevel is known to differ, deviations.json says so and why.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { here } from './sim.mjs';

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function startPrism(document, upstream) {
  const port = await freePort();
  const child = spawn(process.execPath, [join(here, 'node_modules/@stoplight/prism-cli/dist/index.js'), 'proxy', document, upstream,
    '--port', String(port), '--verboseLevel', 'warn'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for (let i = 0; i < 600; ++i) {
    if (child.exitCode !== null) throw new Error('prism did not start');
    try {
      await fetch(`http://127.0.0.1:${port}/`);
      return { url: `http://127.0.0.1:${port}`, port, stop: () => child.kill('SIGTERM') };
    } catch {
      await wait(50);
    }
  }
  child.kill('SIGKILL');
  throw new Error('prism does not answer');
}

export class Violations {
  known = JSON.parse(readFileSync(join(here, 'deviations.json'), 'utf8'));
  used = new Set();
  seen = [];  // { route, status, direction, at, message }
  requests = 0;

  // `header`: what Prism found, as it says so in sl-violations.
  record(route, status, header) {
    this.requests += 1;
    for (const violation of JSON.parse(header ?? '[]')) {
      const [direction, ...path] = violation.location ?? [];
      const at = path.map((part) => (/^\d+$/.test(part) ? '*' : part)).join('.');
      const found = this.known.find((one) => one.routes.includes(route) && one.direction === direction && one.at === at && violation.message.includes(one.says));
      if (found) this.used.add(found);
      else this.complain(route, status, direction, at, violation.message);
    }
  }
  complain(route, status, direction, at, message) {
    const text = JSON.stringify({ route, status, direction, at, message });
    if (!this.seen.includes(text)) this.seen.push(text);
  }
  report(name) {
    for (const one of this.seen) console.error(`VIOLATION: ${one}`);
    console.log(`${name}: ${this.requests} requests, ${this.used.size} known deviations, ${this.seen.length} others`);
    return this.seen.length === 0;
  }
}
