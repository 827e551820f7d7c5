import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { realEnv } from '../env/real.ts';
import { MillraceError } from '../record/error.ts';
import { messageOf } from '../record/thrown.ts';

/** Trusts the certificates of a PEM file in this process, beside those it trusts anyway. */
export async function trustCertificates(path: string): Promise<void> {
  try {
    const text = (await realEnv.files.readFile(path)).toString('utf8');
    if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new Error('it holds no certificate in PEM');
    setDefaultCACertificates([...getCACertificates('default'), text]);
  } catch (error) {
    const problem = messageOf(error);
    throw new MillraceError('CLI_CA_UNREADABLE', `--ca ${path}: ${problem}`, {
      kind: 'config',
      key: '--ca',
      remedy: 'Name a PEM file with the certificate of the authority that signed the worker’s.',
      cause: error,
    });
  }
}
