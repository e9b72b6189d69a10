/** The build of this client, as the compatibility window of the servers judges it. Moved with each release. */
export const CLIENT_BUILD_ID = '20261121T000000Z';
