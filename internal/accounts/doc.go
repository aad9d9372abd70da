// Package accounts knows who may sign in at the desk, by which ways, and who is signed in.
//
// # Users and ways
//
// A file lists whom the hub knows, with roles, townships, relatives and standing. Somebody proves to be one of them by a password ([SignIn]), at an OpenID
// provider ([OpenID]), or through a reverse proxy that proves itself by its certificate ([Proxy]). Every way ends in an [Identity], from which a session
// begins: nothing behind it asks by which way it was. A name that the file does not have is nobody, whoever vouches for it.
//
// # Passwords
//
// argon2id (RFC 9106) with the parameters in each hash. A first password given by somebody else must be changed before anything else is
// done. A second factor is a time-based code (RFC 6238) where the user has one; each code is good once.
//
// # Guessing
//
// After five wrong tries a name is locked, whether or not there is such a user: for a second, then twice as long with every further
// try, up to 15 minutes. An unknown name costs as much time as a known one, and answers the same.
//
// # Sessions
//
// A session ends after a time without use, after a working day at the latest, when it is revoked, and when the user's roles, password or
// standing change. Sessions and wrong tries are in a store that all processes share and that outlives them; it holds hashes of tokens and keyed
// hashes of names. Without the store nobody is let in.
package accounts
