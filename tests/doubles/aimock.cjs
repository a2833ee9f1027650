// Plays an OpenAI-compatible endpoint with @copilotkit/aimock until its input ends.
//
//   node aimock.cjs '{"options": {...}, "fixtures": [{"match": {...}, "response": {...}}]}'
//
// The first line that it prints is its address; what it was asked is at /__aimock/journal.
"use strict";

const { LLMock } = require("@copilotkit/aimock");

async function main() {
  const { options, fixtures } = JSON.parse(process.argv[2]);
  const mock = new LLMock({ port: 0, host: "127.0.0.1", ...options });
  mock.addFixturesFromJSON(fixtures);
  await mock.start();
  process.stdout.write(`${mock.baseUrl}\n`);
  process.stdin.resume();
  process.stdin.on("end", () => mock.stop().finally(() => process.exit(0)));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
