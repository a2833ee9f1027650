// A host on the TypeScript SDK: makes the calls it is told to, one after the other, and prints what came of them.
//
//     NODE_PATH=.../node_modules node typescript_host.cjs '{"command": [...], "answers": {...}, "calls": [...]}'
//
// "answers" holds what a person fills into a form, by a word of the question. A call is {"arguments": {...}} and may say
// "timeout" (milliseconds; else the SDK's own, which is 60 s), "abort": the signal is sent when a line comes in on standard
// input, and "resume": it is about the run of the call before. A missing "answers" makes a host that cannot be asked.

const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = require("@modelcontextprotocol/sdk/client/stdio.js");
const { ElicitRequestSchema } = require("@modelcontextprotocol/sdk/types.js");

const job = JSON.parse(process.argv[2]);
const said = { questions: [], calls: [], errors: [] };

function answer(request) {
  const message = request.params.message;
  said.questions.push(message);
  const word = Object.keys(job.answers).find((each) => message.includes(each));
  return word === undefined ? { action: "decline" } : { action: "accept", content: job.answers[word] };
}

async function call(client, { arguments: parameters, timeout, abort }) {
  const progress = [];
  const options = { onprogress: (each) => progress.push(each) };
  if (timeout !== undefined) options.timeout = timeout;
  if (abort) {
    const controller = new AbortController();
    options.signal = controller.signal;
    process.stdin.once("data", () => controller.abort("the person has left"));
  }
  try {
    const result = await client.callTool({ name: "orchestrate", arguments: parameters }, undefined, options);
    return { result, progress };
  } catch (error) {
    return { error: { code: error.code, message: String(error.message ?? error) }, progress };
  }
}

async function main() {
  const capabilities = job.answers ? { elicitation: {} } : {};
  const client = new Client({ name: "typescript-host", version: "1.0.0" }, { capabilities });
  if (job.answers) client.setRequestHandler(ElicitRequestSchema, answer);
  client.onerror = (error) => said.errors.push(String(error.message));
  const [command, ...args] = job.command;
  await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: "ignore" }));
  said.server = client.getServerVersion();
  said.tools = (await client.listTools()).tools;
  for (const each of job.calls) {
    const before = said.calls.at(-1)?.result;
    if (each.resume) each.arguments.run_id = before._meta["batonmcp/run"].run_id;
    said.calls.push(await call(client, each));
  }
  await client.close();
  process.stdin.destroy();
  process.stdout.write(JSON.stringify(said));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
  process.stdin.destroy();
});
