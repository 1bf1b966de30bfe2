/** The logger of a process: JSON lines on standard output, without secrets and personal data. */
import pino, { type Logger } from 'pino';

export type { Logger };

export function createLogger(name: string, level: string): Logger {
  return pino({
    name,
    level,
    // Errors of PostgreSQL carry whole rows in further properties.
    serializers: { err: (error: Error) => bare(pino.stdSerializers.err(error)) },
    redact: {
      paths: ['*.authorization', '*.accessToken', '*.contactEmail', '*.contactName'],
      censor: '[redacted]',
    },
  });
}

function bare({ type, message, stack, code }: pino.SerializedError) {
  return { type, message, stack, code: code as unknown };
}
