// An OpenID provider for a test: whoever signs in is in the groups that a file names for them.
// Arguments: port, our id, our secret, our redirect address, the file ({"name": ["group"]}).
import { readFileSync } from "node:fs";
import Provider from "oidc-provider";

const [port, clientId, clientSecret, redirect, file] = process.argv.slice(2);
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirect] }],
  claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"], email: ["email"] },
  cookies: { keys: ["of the test alone"] },
  pkce: { required: () => true },
  findAccount: (_, name) => ({
    accountId: name,
    claims: () => ({
      sub: name,
      name,
      preferred_username: name,
      email: `${name}@example.com`,
      groups: JSON.parse(readFileSync(file))[name] ?? [],
    }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
