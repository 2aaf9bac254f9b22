/** Files that appear whole or not at all, errors of a disk as sentences, SHA-256. */
package org.simreg.worker.base.io;
