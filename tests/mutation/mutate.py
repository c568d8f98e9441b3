#!/usr/bin/env python3
"""Breaks core/model and core/merge one place at a time and asks the tests: ./dev mutate [OPTIONS]

In a private copy under build/mutation, where the core is a shared library: a mutant compiles one file and
links the library, the tests stay as they are and run against it, cheapest first, until one fails. A mutant
that does not compile does not count; one that hangs is killed. The test of core/DECISIONS.md is left out: it
would kill by saying no more than that something changed.
"""
import argparse
import concurrent.futures
import glob
import json
import os
import random
import re
import shlex
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from mutants import mutants_of  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOME = os.path.join(ROOT, 'build', 'mutation')
SOURCE, BUILD = os.path.join(HOME, 'source'), os.path.join(HOME, 'build')
TESTS = ['core_model_test', 'core_merge_test', 'property_test', 'scenario_test']  # cheapest first
RANDOM = {'scenario_test': 'seed=1 max_success=25 max_size=40'}  # every mutant meets the same cases
PATTERNS = ['core/merge/*.cpp', 'core/model/*.cpp']


def sources():
    return sorted(os.path.relpath(f, ROOT) for p in PATTERNS for f in glob.glob(os.path.join(ROOT, p)))


def prepare(jobs):
    """Brings the private copy up to date; what did not change keeps its time and is not built again."""
    wanted = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split('\n')
    for name in filter(None, wanted):
        there = os.path.join(SOURCE, name)
        with open(os.path.join(ROOT, name), 'rb') as f:
            data = f.read()
        if os.path.exists(there):
            with open(there, 'rb') as f:
                if f.read() == data:
                    continue
        os.makedirs(os.path.dirname(there), exist_ok=True)
        with open(there, 'wb') as f:
            f.write(data)
    for folder, _, names in os.walk(SOURCE):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.relpath(path, SOURCE) not in wanted:
                os.remove(path)
    flags = ['-DTANDEM_CORE_KIND=SHARED', '-DCMAKE_POSITION_INDEPENDENT_CODE=ON', '-DCMAKE_SKIP_BUILD_RPATH=ON',
             '-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -DNDEBUG']
    # Test discovery starts the programs, which need the library.
    environment = dict(os.environ, LD_LIBRARY_PATH=BUILD)
    subprocess.run(['cmake', '-S', SOURCE, '-B', BUILD, '-G', 'Ninja', '-Wno-dev', '--log-level=WARNING', *flags],
                   check=True, env=environment)
    subprocess.run(['cmake', '--build', BUILD, '-j', str(jobs), '--target', *TESTS], check=True, env=environment)


def commands():
    """By source file: how to compile it, without precompiled headers, warnings and optimising."""
    out = {}
    with open(os.path.join(BUILD, 'compile_commands.json')) as f:
        for entry in json.load(f):
            file = os.path.relpath(entry['file'], SOURCE)
            if not file.startswith('core/'):
                continue
            words = shlex.split(entry['command'])
            words = words[next(i for i, w in enumerate(words) if not w.endswith('ccache')):]
            if '-include' in words:
                at = words.index('-include')
                del words[at:at + 2]
            drop = ('-W', '-O', '-g')
            words = [w for w in words if not w.startswith(drop)] + ['-O0', '-w']
            out[file] = words
    return out


class Bench:
    def __init__(self, jobs):
        self.commands = commands()
        self.objects = {f: os.path.join(BUILD, 'CMakeFiles/tandem_core.dir', f + '.o') for f in self.commands}
        with open(os.path.join(BUILD, 'build.ninja')) as f:
            rule = re.search(r'^build libtandem_core\.so:.*?LINK_LIBRARIES = ([^\n]*)', f.read(), re.S | re.M)
        self.libraries = shlex.split(rule.group(1))
        self.limits = {}
        started = time.monotonic()
        for test in TESTS:
            begun = time.monotonic()
            if not self.run_test(test, BUILD, 900)[0]:
                sys.exit(f'mutate: {test} fails without any mutant')
            self.limits[test] = 3 * jobs * (time.monotonic() - begun) + 20
            print(f'mutate: {test} passes in {time.monotonic() - begun:.1f} s', flush=True)
        self.baseline = time.monotonic() - started

    @staticmethod
    def run_test(test, library, limit):
        """Passed, and what failed."""
        environment = dict(os.environ, LD_LIBRARY_PATH=library, RC_PARAMS=RANDOM.get(test, 'seed=1'))
        with tempfile.TemporaryDirectory() as scratch:
            environment['TMPDIR'] = scratch
            try:
                done = subprocess.run([os.path.join(BUILD, 'tests', test), '--gtest_fail_fast', '--gtest_brief=1',
                                       '--gtest_filter=-Decisions.*'], cwd=scratch, env=environment, timeout=limit,
                                      capture_output=True, text=True, errors='replace')
            except subprocess.TimeoutExpired:
                return False, f'{test}: out of time'
        failed = re.search(r'^\[  FAILED  \] ([\w/]+\.[\w/]+)', done.stdout, re.M)
        return done.returncode == 0, f'{test}: {failed.group(1) if failed else "died"}'

    def judge(self, mutant):
        """('killed' | 'survived' | 'invalid', by what)"""
        with tempfile.TemporaryDirectory(dir=HOME) as folder:
            with open(os.path.join(SOURCE, mutant.file)) as f:
                text = f.read()
            changed = os.path.join(folder, os.path.basename(mutant.file))
            with open(changed, 'w') as f:
                f.write(text[:mutant.start] + mutant.text + text[mutant.end:])
            words = list(self.commands[mutant.file])
            words[words.index('-o') + 1] = os.path.join(folder, 'mutant.o')
            words[words.index('-c') + 1] = changed
            if subprocess.run(words, cwd=BUILD, capture_output=True).returncode != 0:
                return 'invalid', ''
            objects = [o for f, o in self.objects.items() if f != mutant.file]
            subprocess.run(['c++', '-shared', '-o', os.path.join(folder, 'libtandem_core.so'),
                            os.path.join(folder, 'mutant.o'), *objects, *self.libraries], cwd=BUILD, check=True)
            for test in TESTS:
                passed, failed = self.run_test(test, folder, self.limits[test])
                if not passed:
                    return 'killed', failed
        return 'survived', ''


def main():
    parser = argparse.ArgumentParser(prog='./dev mutate')
    parser.add_argument('--sample', type=int, metavar='N', help='so many of all mutants, chosen by the seed')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--file', help='only this source')
    parser.add_argument('--at', action='append', metavar='FILE:LINE', help='of the chosen, only those there')
    parser.add_argument('--list', action='store_true', help='print the mutants and stop')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    options = parser.parse_args()

    chosen = []
    for file in [options.file] if options.file else sources():
        with open(os.path.join(ROOT, file)) as f:
            chosen += mutants_of(file, f.read())
    total = len(chosen)
    if options.sample and options.sample < total:
        chosen = random.Random(options.seed).sample(chosen, options.sample)
    if options.at:
        chosen = [m for m in chosen if f'{m.file}:{m.line}' in options.at]
    if options.list:
        for m in chosen:
            print(f'{m.file}:{m.line}: {m.kind}\n  {m.before}\n  {m.after}')
        print(f'{len(chosen)} of {total} mutants')
        return 0

    prepare(options.jobs)
    bench = Bench(options.jobs)
    results = {}
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        work = {pool.submit(bench.judge, m): m for m in chosen}
        for done in concurrent.futures.as_completed(work):
            m = work[done]
            results[m], by = done.result()
            if results[m] != 'invalid':
                print(f'{len(results)}/{len(chosen)} {results[m]} {m.file}:{m.line} {m.kind} {by}', flush=True)
    killed = sum(r == 'killed' for r in results.values())
    survivors = sorted((m for m, r in results.items() if r == 'survived'), key=lambda m: (m.file, m.start))
    print()
    for m in survivors:
        print(f'{m.file}:{m.line}: {m.kind}\n  {m.before}\n  {m.after}')
    count = killed + len(survivors)
    share = 100 * killed / count if count else 100
    print(f'mutation: {killed} of {count} killed ({share:.1f} %), {len(results) - count} did not compile; '
          f'{len(chosen)} of {total} mutants, seed {options.seed}, {time.monotonic() - begun:.0f} s')
    return 0


if __name__ == '__main__':
    sys.exit(main())
