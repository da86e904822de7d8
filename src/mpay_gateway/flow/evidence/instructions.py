"""The README of a bundle: how anybody verifies it with public tools alone, in commands that work as they stand."""

from collections.abc import Sequence

_README = """# The messages of payment {payment}

Made by mpay-gateway {version} on {made}. Order `{order}` of service `{service}`, {amount}.

| Folder or file | What |
|---|---|
| `messages/` | every message, byte for byte as it was sent or received |
| `as-signed/` | messages that were reformatted after they were signed, without the white space that was added |
| `certificates/` | the gateway's certificates and the service's |
| `chain/` | the rows of the evidence, each naming the digest of the row before it and of its message |
| `SIGNED` | which signed message is verified with which certificate |
| `report.json` | what the gateway itself found when it made this bundle |
| `SHA256SUMS` | digests of all these files |

{messages}

## Verify it yourself

Needed: `sha256sum`, `openssl`, `xmlsec1` (on Debian: coreutils, openssl, xmlsec1). Each step is run in this folder,
and ends with an error when something is not as it was; the parentheses around it keep your own shell open then.

1. Nothing was changed since the bundle was made:

```sh
sha256sum --check --quiet SHA256SUMS
```

2. The rows of the evidence have the digests that the gateway stored, and each follows the row before it:

```sh
(
set -e
sha256sum --check --quiet chain/DIGESTS
for chain in {chains}; do
  previous=$(printf '%064d' 0)
  for row in chain/"$chain"-*.json; do
    grep -q "^\\[\\"$previous\\"," "$row" || {{ echo "$row does not follow the row before it"; exit 1; }}
    previous=$(sha256sum < "$row" | cut -d ' ' -f 1)
  done
done
)
```

3. The messages are those of the rows:

```sh
(
while read -r message row; do
  digest=$(sha256sum < "$message" | cut -d ' ' -f 1)
  grep -q "\\"$digest\\"" "$row" || {{ echo "$message is not the message of $row"; exit 1; }}
done < chain/MESSAGES
)
```

4. The signatures hold, each with the certificate of its signer:

```sh
(
while read -r message certificate; do
  xmlsec1 --verify --enabled-key-data key-name --enabled-reference-uris same-doc \\
    --pubkey-cert-pem "$certificate" \\
    --id-attr:Id http://schemas.xmlsoap.org/soap/envelope/:Body \\
    --id-attr:Id http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd:Timestamp \\
    "$message" || {{ echo "$message: its signature does not hold"; exit 1; }}
done < SIGNED
)
```

5. What each signature covers: the Ids of Body and Timestamp are those that its references name.

```sh
while read -r message certificate; do
  echo "$message"
  grep -o 'URI="#[^"]*"\\|[:<]\\(Body\\|Timestamp\\) [^>]*' "$message"
done < SIGNED
```

6. Whose certificates these are. Compare the fingerprints with those that both sides registered.

```sh
for certificate in certificates/*.pem; do
  openssl x509 -in "$certificate" -noout -subject -dates -fingerprint -sha256
done
```

What this does not show: that no row was left out at the end of a chain. Against that the gateway seals its chains
once a minute; its operator shows it with `mpay audit verify`.
"""


def readme(facts: dict[str, str], messages: Sequence[tuple[str, ...]], chains: Sequence[str]) -> str:
    """`facts`: payment, order, service, amount, made, version. `messages`: file, time, what, signature of each."""
    rows = "\n".join(f"| {' | '.join(each)} |" for each in messages)
    table = f"| Message | Time (UTC) | What | Signature |\n|---|---|---|---|\n{rows}"
    return _README.format(**facts, messages=table, chains=" ".join(chains))
