/**
 * This room starts servers with development settings. In production the operator runs PostgreSQL and Temporal, and the
 * service is told where they are.
 */
export function refuseInProduction(server: string): void {
  if (process.env['NODE_ENV'] === 'production') {
    throw new Error(
      `The development ${server} does not start when NODE_ENV=production. ` +
        'In production run node dist/deploy/setup.js, then node dist/api/main.js and node dist/worker/main.js, with ' +
        'your own PostgreSQL and Temporal (docs/deployment.md); for development unset NODE_ENV.',
    );
  }
}
