// Checks asyncapi.yaml with the AsyncAPI parser, and the schemas and samples with ajv as draft-07 and as 2020-12.
//
//   cd schemas/asyncapi && npm install --ignore-scripts --no-package-lock && npm run check
//
// The parser passes over payload schemas of a draft that it does not know, in silence. So a spoiled copy of the document is checked too,
// which must be refused.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Parser } from '@asyncapi/parser';
import Ajv from 'ajv';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(folder, 'asyncapi.yaml');
const faults = [];
const fault = (text) => faults.push(text);

async function parse(text) {
  const { document, diagnostics } = await new Parser().parse(text, { source: file });
  return { document, errors: diagnostics.filter((d) => d.severity === 0) };
}

async function checkDocument() {
  const text = readFileSync(file, 'utf8');
  const { document, errors } = await parse(text);
  for (const e of errors) fault(`asyncapi.yaml ${e.path.join('/')}: ${e.message}`);
  if (!document) return 'no document';
  for (const message of document.allMessages().all()) {
    if (!message.hasPayload() || Object.keys(message.payload().json()).length === 0) fault(`message ${message.id()} has no payload`);
  }
  const payload = 'description: "As the record had it';
  if (!text.includes(payload)) fault('asyncapi.yaml: nothing to spoil');
  const spoiled = await parse(text.replace(payload, 'type: 12\n          ' + payload));
  if (spoiled.errors.length === 0) fault('the parser does not check payload schemas: a spoiled one passed');
  return `${document.channels().all().length} channels, ${document.allMessages().all().length} messages, ${document.operations().all().length} operations`;
}

function samplesOf(topic, ...below) {
  const dir = join(folder, ...below);
  if (!existsSync(dir)) return [];
  return readdirSync(dir).filter((n) => n.endsWith('.json')).map((n) => [join(...below, n), JSON.parse(readFileSync(join(dir, n), 'utf8'))]);
}

function checkSamples(draft, ajv) {
  addFormats(ajv);
  let valid = 0;
  let refused = 0;
  for (const name of readdirSync(folder).filter((n) => n.endsWith('.schema.json'))) {
    const schema = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    if (draft === 'draft-07') schema.$schema = 'http://json-schema.org/draft-07/schema#';
    const check = ajv.compile(schema);
    const topic = name.replace('.schema.json', '');
    for (const [sample, value] of [...samplesOf(topic, 'testdata', topic), ...samplesOf(topic, 'released', 'samples', topic)]) {
      valid++;
      if (!check(value)) fault(`${draft}: ${sample}: ${ajv.errorsText(check.errors)}`);
    }
    for (const [sample, value] of samplesOf(topic, 'testdata', topic, 'invalid')) {
      // contentEncoding says something to programs and nothing to these checkers.
      if (sample.endsWith('value-not-base64.json')) continue;
      refused++;
      if (check(value)) fault(`${draft}: ${sample} passes`);
    }
  }
  return `${draft}: ${valid} samples valid, ${refused} refused`;
}

const options = { strict: true, strictRequired: false, strictTypes: false, keywords: ['x-pii'] };
console.log(await checkDocument());
console.log(checkSamples('draft-07', new Ajv(options)));
console.log(checkSamples('2020-12', new Ajv2020(options)));
for (const f of faults) console.error(f);
process.exitCode = faults.length > 0 ? 1 : 0;
