/**
 * Files that appear whole or not at all, errors of a disk as sentences, SHA-256 of files: what
 * every other package may use.
 */
package org.simreg.worker.io;
