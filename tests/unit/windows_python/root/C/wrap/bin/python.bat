@echo off
"%~dp0..\..\Python313\python.exe" %*
