// Judge documents by JSON Schemas with ajv. Reads {schemas: {name: schema}, documents: [[name, value]]}
// from stdin; writes, for each document, the rules that it breaks, each as "pointer keyword".
import {readFileSync} from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const ajv = new Ajv2020({
  strict: true, // an unknown keyword or format, or a rule that can never hold, is an error
  strictRequired: true,
  allowUnionTypes: true, // every optional field takes null
  allErrors: true,
});
addFormats(ajv);
ajv.addFormat("quantity", true); // a name for our messages; the form is the pattern beside it
ajv.addKeyword("enumDescriptions"); // words for editors

const {schemas, documents} = JSON.parse(readFileSync(0, "utf8"));
const judges = {};
const verdicts = documents.map(([name, value]) => {
  const before = JSON.stringify(value);
  const judge = (judges[name] ??= ajv.compile(schemas[name]));
  const faults = judge(value) ? [] : judge.errors;
  if (JSON.stringify(value) !== before) throw new Error(`${name}: judging changed the document`);
  return faults.map(({instancePath, keyword}) => `${instancePath} ${keyword}`);
});
process.stdout.write(JSON.stringify(verdicts));
