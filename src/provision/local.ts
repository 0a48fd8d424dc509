/** What the command line loads when this machine is to begin or join a cluster (`LocalProvision`). */
export { initCluster } from './init.ts';
export { createJoinToken, joinCluster } from './join.ts';
