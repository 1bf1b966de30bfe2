/** What can be started as a workflow: everything that is exported here, so nothing else is. */
export { comparison } from './comparison';
export { enrollment } from './enrollment';
