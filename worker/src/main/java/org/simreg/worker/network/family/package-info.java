/**
 * Families of networks, a file for each: layers, names in other libraries, and what they want of pixels. Read {@link
 * org.simreg.worker.network.family.Architecture} first, then {@code MobileNetV2} or {@code VisionTransformer} as an
 * example.
 *
 * <p>To add a family:
 *
 * <ol>
 *   <li>its networks' names: values of {@code enum Network} in {@code proto/src/main/proto/simreg/v1/job.proto} and,
 *       where they may be trained, among the {@code choices} of {@code Student.network} there;
 *   <li>a class here with {@code static List<Architecture> all()}, which makes each network's layers with a {@link
 *       org.simreg.worker.network.NetworkBuilder} and says which names of weights are read and written;
 *   <li>a line in {@link org.simreg.worker.network.family.Networks};
 *   <li>a new kind of layer, if it needs one: a record in {@link org.simreg.worker.network.Op}, its weights in {@code
 *       NetworkGraph.weightsOf}, and its code in {@code LayerCode} ({@code engine.torchscript.layer}), {@code
 *       OnnxGraph} ({@code export}) and {@code ComputeCost};
 *   <li>its proof: {@code docs/networks.md}.
 * </ol>
 */
package org.simreg.worker.network.family;
