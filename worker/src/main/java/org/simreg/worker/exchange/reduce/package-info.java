/** The mean of all leaves in a tree of fixed shape; a state given to newcomers. */
package org.simreg.worker.exchange.reduce;
