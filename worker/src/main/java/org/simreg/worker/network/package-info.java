/**
 * Network architectures as data: layers with the names and shapes of their weights, and no
 * arithmetic. Read {@link org.simreg.worker.network.NetworkGraph} first, then {@code ResNet} as an
 * example; {@code engine.torchscript} turns a graph into code.
 *
 * <p>To add a network:
 *
 * <ol>
 *   <li>its name: a value of {@code enum Network} in {@code
 *       proto/src/main/proto/simreg/v1/job.proto} and, if it may be trained, among the {@code
 *       choices} of {@code Student.network} there;
 *   <li>its layers: a case in {@link org.simreg.worker.network.Networks}, which makes a {@code
 *       ResNet} with other numbers or calls a new class like {@code MobileNetV2};
 *   <li>a new kind of layer, if it needs one: a record in {@link org.simreg.worker.network.Op}, its
 *       weights in {@code NetworkGraph.weightsOf}, and its code in {@code ForwardCode}, {@code
 *       FrozenCode} ({@code engine.torchscript}), {@code OnnxGraph} ({@code export}) and, where
 *       BatchNorm can be folded into it, {@code FoldedNetwork} ({@code weights.checkpoint});
 * <li>its names in other libraries: tables as in {@code ResNet.names}, collected by {@code Networks.names};
 * <li>its stages: {@link org.simreg.worker.network.Stage}, unless its layers are named {@code layerN.}; all
 * others are read as MobileNet-v2's;
 * <li>its weights in files: in {@code NetworkRecognizer} ({@code weights.checkpoint}) the name of the first layer
 * among {@code ANCHORS}, the names of first-level layers in {@code isInside}, the last layer's in {@code classes} and
 * {@code isLast};
 *   <li>its limits, if it has any: a rule in {@code JobRules} ({@code proto});
 * <li>its proof: the network in {@code scripts/fixtures/networks.py}, numbers of PyTorch by {@code parity.py} and
 * {@code stages.py} beside it, compared by {@code ParityTest}, {@code StagesTest} and {@code OnnxWriterTest}.
 * </ol>
 */
package org.simreg.worker.network;
