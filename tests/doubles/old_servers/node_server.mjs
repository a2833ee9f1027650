// A small server for every TypeScript SDK from 0.5 on: node node_server.mjs NODE_MODULES PACKAGE
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [, , modules, sdk] = process.argv;
const require = createRequire(`${modules}/`);
const load = (name) => import(pathToFileURL(require.resolve(`${sdk}/${name}`)));

const { Server } = await load("server/index.js");
const { StdioServerTransport } = await load("server/stdio.js");
const { CallToolRequestSchema, ListToolsRequestSchema } = await load("types.js");

const number = { type: "number" };
const tools = [
  { name: "add", inputSchema: { type: "object", properties: { a: number, b: number }, required: ["a", "b"] } },
  { name: "fail", inputSchema: { type: "object", properties: { message: { type: "string" } } } },
];
const server = new Server({ name: "old", version: "1" }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, async () => ({ tools }));
server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, arguments: given } }) => {
  if (name === "fail") return { isError: true, content: [{ type: "text", text: given.message }] };
  return { content: [{ type: "text", text: `${given.a} + ${given.b} = ${given.a + given.b}` }] };
});
await server.connect(new StdioServerTransport());
