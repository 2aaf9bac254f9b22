/** Data sets written as tar shards. Read {@link org.simreg.worker.data.pack.ShardPacker} first. */
package org.simreg.worker.data.pack;
