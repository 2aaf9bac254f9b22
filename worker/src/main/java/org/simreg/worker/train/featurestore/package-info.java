/** A teacher's features of views that come again, in one mapped file. */
package org.simreg.worker.train.featurestore;
