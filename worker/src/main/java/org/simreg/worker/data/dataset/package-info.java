/** Which samples a data set has: ids, names, classes, digest, and where bytes are read. */
package org.simreg.worker.data.dataset;
