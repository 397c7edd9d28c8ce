package dev.lockstep.arch;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What each package of the core may use of the others. There is no arrow back. */
class LayersTest {
  private static final String ROOT = "dev.lockstep.";

  /** A package, and the packages of this project that it may use besides itself. */
  private static final Map<String, List<String>> MAY_USE =
      Map.of(
          "wire", List.of(),
          "os", List.of(),
          "memory", List.of("wire", "os"),
          "park", List.of("wire", "os", "memory"),
          "ring", List.of("wire", "memory"),
          "channel", List.of("wire", "memory", "park", "ring"),
          "codec", List.of("wire"),
          "call", List.of("wire", "memory", "park", "ring", "channel", "codec"),
          "diagnostics", List.of("wire", "memory"));

  private final JavaClasses core = ProductionCode.CLASSES;

  @TestFactory
  List<DynamicTest> eachPackageUsesOnlyWhatIsBelowIt() {
    return MAY_USE.entrySet().stream()
        .map(layer -> DynamicTest.dynamicTest(layer.getKey(), () -> check(layer.getKey())))
        .toList();
  }

  private void check(String layer) {
    String[] allowed =
        MAY_USE.getOrDefault(layer, List.of()).stream().map(it -> ROOT + it).toArray(String[]::new);
    noClasses()
        .that()
        .resideInAPackage(ROOT + layer)
        .should()
        .dependOnClassesThat(
            resideInAPackage(ROOT.substring(0, ROOT.length() - 1) + "..")
                .and(resideOutsideOfPackage(ROOT + layer))
                .and(JavaClass.Predicates.resideOutsideOfPackages(allowed)))
        .allowEmptyShould(true)
        .check(core);
  }

  @Test
  void everyPackageHasItsPlaceInTheLayers() {
    assertThat(core.stream().map(JavaClass::getPackageName).distinct())
        .allSatisfy(name -> assertThat(MAY_USE).containsKey(name.substring(ROOT.length())));
  }

  @Test
  void noTwoPackagesUseEachOther() {
    slices().matching(ROOT + "(*)..").should().beFreeOfCycles().check(core);
  }

  @Test
  void onlyOsTouchesNativeCode() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + "os")
        .should()
        .dependOnClassesThat(resideInAnyPackage("com.sun.jna.."))
        .allowEmptyShould(true)
        .check(core);
  }

  @Test
  void onlyTheCodecTouchesJackson() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT + "codec", ROOT + "call")
        .should()
        .dependOnClassesThat(resideInAPackage("com.fasterxml.jackson.."))
        .check(core);
  }
}
