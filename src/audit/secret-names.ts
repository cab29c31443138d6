/** Names whose value is a credential: `DB_PASSWORD`, `apiKey`; not `PASSWORD_FILE` or `TOKEN_URL`. */
export function isSecretName(name: string): boolean {
  if (/(?:_FILE|_PATH|_URL|_URI|_NAME|_ID|_TTL|_HASHERS|_VALIDATORS|_EXPIRY|_LENGTH)$/i.test(name))
    return false;
  return /(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|ENCRYPTION_?KEY|CREDENTIALS?)(?:_?(?:KEY|BASE))?$/i.test(
    name,
  );
}

/** A value that stands for one: `changeme`, `<your-token>`, `xxxx`. */
export function isPlaceholder(value: string): boolean {
  return /^(?:<.*>|\*+|x{3,}|\.{3}|\$\{?\w+\}?|change[-_ ]?me.*|your[-_ ].*|todo|example|placeholder|replace[-_ ]?.*)$/i.test(
    value,
  );
}
