package org.simreg.worker.network;

/**
 * One layer of a network.
 *
 * @param name dotted name of the module that holds its weights ({@code layer1.0.conv1}), or of its
 *     place
 * @param op what it computes
 * @param input number of the value it reads: 0 is the network's input, i + 1 the output of node i
 * @param second the other summand of {@link Op.Add}, otherwise -1
 */
public record Node(String name, Op op, int input, int second) {}
