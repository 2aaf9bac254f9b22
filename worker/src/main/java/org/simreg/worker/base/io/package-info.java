/**
 * Files that appear whole or not at all ({@link org.simreg.worker.base.io.AtomicFile}, to be read
 * first), names of files in any encoding, errors of a disk as sentences, SHA-256.
 */
package org.simreg.worker.base.io;
