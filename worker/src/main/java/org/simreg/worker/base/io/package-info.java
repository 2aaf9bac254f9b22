/**
 * Files that appear whole or not at all ({@link org.simreg.worker.base.io.AtomicFile}, to be read
 * first), files that users name ({@link org.simreg.worker.base.io.UserFile}), names in any encoding, errors of a disk as sentences,
 * SHA-256.
 */
package org.simreg.worker.base.io;
