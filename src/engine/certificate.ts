import { connect } from "node:tls";
import type { Certificate } from "../core/engine.ts";

const timeoutMs = 5_000;

/** Connects as a current client does, and gives what the server shows. Undefined when there is no TLS to be had. */
export function certificateOf(
  address: string,
  port: number,
  serverName?: string,
): Promise<Certificate | undefined> {
  return new Promise(settle => {
    const socket = connect({
      ...{ host: address, port, timeout: timeoutMs },
      // Who has signed it is not the question: a clone cannot have the real certificate.
      rejectUnauthorized: false,
      ...(serverName === undefined ? {} : { servername: serverName }),
    });
    const finish = (certificate?: Certificate) => {
      clearTimeout(timer);
      socket.destroy();
      settle(certificate);
    };
    const timer = setTimeout(finish, timeoutMs);
    socket.on("secureConnect", () => {
      const { subject, issuer, valid_from, valid_to } = socket.getPeerCertificate();
      // A server that shows no certificate has nothing that could be judged.
      if (!valid_to) return finish();
      finish({
        protocol: socket.getProtocol() ?? "",
        cipher: socket.getCipher().name,
        ...{ subject: named(subject), issuer: named(issuer) },
        validFrom: new Date(valid_from).toISOString(),
        validTo: new Date(valid_to).toISOString(),
        selfSigned: JSON.stringify(subject) === JSON.stringify(issuer),
      });
    });
    socket.on("error", () => finish());
    socket.on("close", () => finish());
  });
}

function named(name: { readonly CN?: string | string[]; readonly O?: string | string[] }): string {
  return [name.CN ?? name.O ?? ""].flat().join(", ");
}
