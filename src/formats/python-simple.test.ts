import { expect, it } from "vitest";
import { statementRanges } from "./python-part.ts";
import { simpleStatement } from "./python-simple.ts";

const read = (text: string) => {
  const source = { path: "a.py", text };
  return statementRanges(text)?.map(({ from, to }) => simpleStatement(source, from, to)?.kind);
};

it.each([
  'HOSTS = ["a", "b"]  # two\n',
  'env("A", default=None)\n',
  "app.conf.schedule = {\n  'x': crontab(hour=1),\n}\n\n# end\n",
  "LIMIT = (\n  10\n)\r\n",
  "NAME = os.environ['NAME']\n",
])("reads %j by itself", text => {
  expect(read(text)).toEqual([text.startsWith("env") ? "expression" : "assign"]);
});

it.each([
  "A = B + 1\n",
  "A = f'{B}'\n",
  "A = 'a' 'b'\n",
  "A = B = 1\n",
  "A: int = 1\n",
  "A += 1\n",
  "A = 1; B = 2\n",
  "A = [x for x in y]\n",
  "A = f(*x)\n",
  "A = 1,\n",
  "A = ()\n",
  "A = lambda: 1\n",
  "A = 012\n",
  "import a\n",
  "if A:\n  B = 1\n",
  `A = ${"[".repeat(60)}${"]".repeat(60)}\n`,
])("leaves %j to the grammar", text => {
  expect(read(text)).toEqual([undefined]);
});
