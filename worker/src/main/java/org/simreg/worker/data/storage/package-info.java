/**
 * Data sets and weight files as this worker gets them, and with what it works; the one door for
 * every kind of source.
 */
package org.simreg.worker.data.storage;
