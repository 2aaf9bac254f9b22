/**
 * A worker's part in searches: shards of banks that it holds open and answers from, images that it
 * embeds for banks and queries. Asked over the event bus, beside training and on threads of its
 * own.
 */
package org.simreg.worker.serve;
