import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linkLibraries } from '../../../src/adapters/store/embedded-binaries.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fw-package-'));
  mkdirSync(join(folder, 'native/lib'), { recursive: true });
  writeFileSync(join(folder, 'native/lib/libx.so.1.2'), 'library');
  const links = ['native/lib/libx.so', 'native/lib/libx.so.1'].map((target) => ({
    source: 'native/lib/libx.so.1.2',
    target,
  }));
  writeFileSync(join(folder, 'native/pg-symlinks.json'), JSON.stringify(links));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const link = (name: string) => readlinkSync(join(folder, 'native/lib', name));

test('missing links of libraries are made, relative to their folder', () => {
  linkLibraries(folder);
  expect(link('libx.so')).toBe('libx.so.1.2');
  expect(link('libx.so.1')).toBe('libx.so.1.2');
});

test('links that are there are left as they are', () => {
  symlinkSync('./libx.so.1.2', join(folder, 'native/lib/libx.so.1'));
  const before = lstatSync(join(folder, 'native/lib/libx.so.1')).ino;
  linkLibraries(folder);
  linkLibraries(folder);
  expect(lstatSync(join(folder, 'native/lib/libx.so.1')).ino).toBe(before);
});

test('a link that cannot be made is named', () => {
  const links = [{ source: 'native/lib/libx.so.1.2', target: 'native/absent/libx.so' }];
  writeFileSync(join(folder, 'native/pg-symlinks.json'), JSON.stringify(links));
  expect(() => linkLibraries(folder)).toThrow(join(folder, 'native/absent/libx.so'));
});

test('a package without links needs none', () => {
  rmSync(join(folder, 'native/pg-symlinks.json'));
  linkLibraries(folder);
});
