/**
 * Families of networks, a file for each: layers, names in other libraries, and the pixels that they were trained with.
 * Read {@link org.simreg.worker.network.family.Architecture} first, then {@code MobileNetV2} or {@code DinoTransformers} as an
 * example.
 *
 * <p>To add a family:
 *
 * <ol>
 *   <li>its networks' names: values of {@code enum Network} in {@code proto/src/main/proto/simreg/v1/job.proto} and,
 *       where they may be trained, among the {@code choices} of {@code Student.network} there;
 *   <li>a class here with {@code static List<Architecture> all()}, which makes each network's layers with a {@link
 *       org.simreg.worker.network.NetworkBuilder}, says how a student begins ({@code initialized}; He's by fan-out
 *       otherwise), which names of weights are read and written, and which other networks have the same ({@code alike});
 *   <li>a line in {@link org.simreg.worker.network.family.Networks};
 *   <li>a new kind of layer, if it needs one: a record in {@link org.simreg.worker.network.Op}, its weights in {@code
 *       NetworkGraph.weightsOf}, and its code in {@code LayerCode} or {@code TokenCode} ({@code
 *       engine.torchscript.layer}), {@code OnnxGraph} or {@code OnnxTokens} ({@code export}) and {@code ComputeCost};
 *   <li>where it has depthwise convolutions of stride 2 and may be trained: {@code JobRules.STRIDED} ({@code proto});
 *       where it is written for Hugging Face: its {@code config.json} in {@code HubExport.config} ({@code export});
 *   <li>its proof, as {@code docs/networks.md} describes it: features and gradients computed by its publishers' library
 *       ({@code scripts/fixtures}), compared by {@code ConvolutionalNetworksTest} or {@code VisionTransformerTest} (a
 *       teacher), {@code StagesTest} (stages), {@code StudentParityTest} (a student), {@code HubExportTest} and {@code
 *       ConvolutionalOnnxTest} or {@code TransformerExportTest} (an export), all networks of them with {@code
 *       -Dsimreg.test.networks=all};
 *   <li>{@code docs/commands.md}, which lists the names: {@code scripts/simreg man --markdown}.
 * </ol>
 */
package org.simreg.worker.network.family;
