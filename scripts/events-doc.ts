/**
 * Writes docs/events.md: the catalogue of events, from the catalogue itself, under what a person must
 * know to take them. With `--check` it writes nothing and fails where the file says something else.
 */
import { readFile, writeFile } from 'node:fs/promises';
import {
  CATALOGUE,
  CATALOGUE_VERSION,
  type CatalogueType,
} from '../src/domain/events/catalogue.ts';
import type { EventEntry, StreamKind } from '../src/domain/events/entry.ts';
import { FIELD_NOTES } from '../src/domain/events/fields.ts';

const PATH = 'docs/events.md';
const INTRODUCTION = 'docs/events.introduction.md';

const STREAMS: Readonly<Record<StreamKind, string>> = {
  order: '`order:<client order id>`',
  position: '`position:<instrument id>`',
  venue: '`venue:<name>`',
  system: '`system:main`',
};

function overview(all: readonly (readonly [CatalogueType, EventEntry])[]): string[] {
  const rows = all.map(([type, { priority, stream, since, meaning }]) => {
    const link = `[\`${type}\`](#${type.replaceAll('.', '').toLowerCase()})`;
    return `| ${link} | ${priority} | ${STREAMS[stream]} | ${since} | ${meaning} |`;
  });
  return [
    '| type | priority | stream | since | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ];
}

function section([type, { priority, stream, meaning, payload }]: readonly [
  CatalogueType,
  EventEntry,
]): string[] {
  const fields = Object.entries(payload.shape).map(([name, field]) => {
    const { unit = '', means = '' } = FIELD_NOTES.get(field) ?? {};
    return `| \`${name}\` | ${unit} | ${means} |`;
  });
  return [
    `### ${type}`,
    '',
    `${meaning} Priority ${priority}, stream ${STREAMS[stream]}.`,
    '',
    '| field | unit | meaning |',
    '| --- | --- | --- |',
    ...fields,
    '',
  ];
}

function document(introduction: string): string {
  const all = Object.entries(CATALOGUE) as [CatalogueType, EventEntry][];
  return [
    `<!-- Made by \`npm run events-doc\` from src/domain/events and ${INTRODUCTION}: do not edit. -->`,
    '',
    introduction.trimEnd(),
    '',
    `## The catalogue, version ${CATALOGUE_VERSION}`,
    '',
    ...overview(all),
    '',
    '## Payloads',
    '',
    ...all.flatMap(section),
  ].join('\n');
}

const text = document(await readFile(INTRODUCTION, 'utf8'));
if (!process.argv.includes('--check')) {
  await writeFile(PATH, text);
  console.log(`${PATH} written.`);
} else if ((await readFile(PATH, 'utf8').catch(() => '')) === text) {
  console.log(`${PATH} is up to date.`);
} else {
  console.error(`Stale: ${PATH}. Run \`npm run events-doc\` and commit the result.`);
  process.exitCode = 1;
}
