// Starts tandem-sim for a conformance script and stops it afterwards.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';

export const here = dirname(fileURLToPath(import.meta.url));
const kSkip = 77;

// ctest reads 77 as "skipped".
export function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(kSkip);
}

export function needModules(...names) {
  for (const name of names) {
    if (!existsSync(join(here, 'node_modules', name))) skip(`${name} is not installed; run npm ci in tests/conformance/node`);
  }
}

// `where` is the path of tandem-sim, or of a port file that a running one wrote.
export async function withSim(where, work) {
  if (where.endsWith('.json')) return work(JSON.parse(readFileSync(where, 'utf8')));
  const folder = mkdtempSync(join(tmpdir(), 'tandem-sim-'));
  const portFile = join(folder, 'ports.json');
  const sim = spawn(where, ['--port-file', portFile, '--people', '30', '--seed', '11', '--set', 'highlevel.index_lag_ms=100',
    '--set', 'highlevel.delete_lag_ms=100', '--set', 'highlevel.quota.burst=1000'], { stdio: 'inherit' });
  try {
    for (let i = 0; !existsSync(portFile); ++i) {
      if (i > 200 || sim.exitCode !== null) throw new Error('tandem-sim did not start');
      await wait(25);
    }
    return await work(JSON.parse(readFileSync(portFile, 'utf8')));
  } finally {
    sim.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

export class Checks {
  failures = 0;
  done = 0;
  that(holds, text, detail) {
    this.done += 1;
    if (holds) return;
    this.failures += 1;
    console.error(`MISMATCH: ${text}${detail === undefined ? '' : ` (got ${JSON.stringify(detail)})`}`);
  }
  same(got, wanted, text) {
    this.that(JSON.stringify(got) === JSON.stringify(wanted), `${text}: wanted ${JSON.stringify(wanted)}`, got);
  }
  async until(ask, text) {
    for (let i = 0; i < 100; ++i) {
      const answer = await ask();
      if (answer) return answer;
      await wait(50);
    }
    this.that(false, `${text}: never happened`);
    return undefined;
  }
  finish(name) {
    console.log(`${name}: ${this.done} checks, ${this.failures} mismatches`);
    return this.failures === 0 ? 0 : 1;
  }
}
