@echo off
@"C:\Python313\python.exe" %*
